// After a refused form the summary of errors is read first; without this file the page is the same.
(function () {
  var summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();
})();
