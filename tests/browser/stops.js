/* Keeps the stops of the Tab key as they come, to be judged at the end: the way past the menu first, each thing that
   can be pressed once, in the order in which one reads, nothing that holds the focus. */
() => {
  const said = (e) => `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}> ${((e.labels && e.labels[0]) || e).textContent.trim().slice(0, 20)}`;
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled;
  const group = (e) => e.type === "radio" && [...document.querySelectorAll(`[name="${e.name}"]`)].filter((r) => r.form === e.form);
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter((e) => shown(e) && (!group(e) || e === (group(e).find((r) => r.checked) || group(e)[0])));
  const came = [[all[0], true]];
  all[0].focus(); /* where a fresh page begins, whatever was pressed on it before */
  addEventListener("focusin", (event) => {
    const e = event.target, style = getComputedStyle(getComputedStyle(e).opacity === "0" ? e.nextElementSibling : e);
    came.push([e, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2]);
  });
  const wrong = [...document.querySelectorAll("[tabindex]")].filter((e) => e.tabIndex > 0).map((e) => `jumps the queue: ${said(e)}`);
  if (!all[0].matches(".skip")) wrong.push("the first stop is not the way past the menu");

  const floats = (e) => { for (; e; e = e.parentElement) if (["sticky", "fixed"].includes(getComputedStyle(e).position)) return true; return false; };
  const place = (e) => { const box = (e.labels && e.labels[0] && getComputedStyle(e).opacity === "0" ? e.labels[0] : e).getBoundingClientRect();
    return { left: box.left, right: box.right, top: box.top + scrollY, bottom: box.bottom + scrollY }; };
  window.stops = {
    left: () => { const seen = new Set(came.map(([e]) => e)); return all.filter((e) => !seen.has(e)).length; },
    wrong: () => {
      const found = [], seen = new Set();
      for (const [e, ring] of came) {
        if (!ring) found.push(`no ring at ${said(e)}`);
        if (seen.has(e) && e !== all[0] && [...seen].length < all.length) found.push(`comes twice: ${said(e)}`);
        seen.add(e);
      }
      for (const e of all) if (!seen.has(e)) found.push(`never reached by Tab: ${said(e)}`);
      const order = [...seen].filter((e) => !e.matches(".skip, .scroll") && !floats(e));
      scrollTo(0, 0);
      for (let i = 1; i < order.length; i++) {
        const was = place(order[i - 1]), is = place(order[i]);
        /* Up is in order only in the next column, left only in the next line. */
        if (is.bottom <= was.top + 2 && is.left < was.right - 2) found.push(`goes up from ${said(order[i - 1])} to ${said(order[i])}`);
        const beside = Math.min(is.bottom, was.bottom) - Math.max(is.top, was.top) > Math.min(is.bottom - is.top, was.bottom - was.top) / 2;
        if (beside && is.right <= was.left + 2) found.push(`goes back from ${said(order[i - 1])} to ${said(order[i])}`);
      }
      return found;
    },
  };
  return wrong;
}
