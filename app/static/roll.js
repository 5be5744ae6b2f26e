// The roll works without this file. It keeps the count up to date, calls by the keys 1 to 5,
// warns before unsaved marks are left behind, and says when the network is gone.
(() => {
  "use strict";
  const form = document.getElementById("roll");
  const rows = [...form.querySelectorAll("[role=radiogroup]")];
  const offline = document.getElementById("offline");
  let unsaved = false;

  const count = () => {
    const marked = rows.filter((row) => row.querySelector(":checked:not([value=unmarked])")).length;
    form.querySelector("[data-marked]").textContent = marked;
    form.querySelector("[data-unmarked]").textContent = rows.length - marked;
  };
  const network = () => { offline.hidden = navigator.onLine; };

  form.addEventListener("change", () => { unsaved = true; count(); });
  form.addEventListener("keydown", (event) => {
    const at = rows.indexOf(event.target.closest("[role=radiogroup]"));
    const choice = at >= 0 && /^[1-5]$/.test(event.key) && rows[at].querySelectorAll(".bar input")[event.key - 1];
    if (!choice || event.ctrlKey || event.altKey || event.metaKey) return;
    choice.click();
    const next = rows[at + 1] || rows[at];
    (next.querySelector(":checked") || next.querySelector(".bar input")).focus();
  });
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) unsaved = false;
    else event.preventDefault();
  });
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  addEventListener("online", network);
  addEventListener("offline", network);
  addEventListener("pageshow", count); // the back button brings choices back after this ran
  network();
  count();
})();
