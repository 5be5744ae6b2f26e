/* A page of progress asks again by itself; without this script its link does the same. */
(function () {
  "use strict";
  var link = document.querySelector("[data-refresh]");
  if (link) {
    setTimeout(function () { location.replace(link.href); }, Number(link.dataset.refresh) * 1000);
  }
})();
