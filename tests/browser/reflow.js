/* What large letters or a narrow window do to a page: nothing runs out sideways, is cut off or lies over something else.
   Returns sentences; none is good. */
() => {
  const wrong = new Set();
  const said = (e) => `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.className ? "." + [...e.classList].join(".") : ""}> ${e.textContent.trim().slice(0, 20)}`;
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".hidden-words, .skip");
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.add(`scrolls sideways: ${root.scrollWidth} px in ${root.clientWidth} px`);
  const view = document.querySelector("meta[name=viewport]");
  if (!view || /user-scalable|maximum-scale|minimum-scale/.test(view.content)) wrong.add("the page cannot be enlarged");

  /* Figures in seven columns may scroll beneath their headings; whatever else is in a table fits or is stacked. */
  for (const e of document.querySelectorAll(innerWidth < 700 ? ".scroll" : "no-such"))
    if (!e.closest(".figures-of-year") && e.scrollWidth > e.clientWidth + 1) wrong.add(`a table is cut off at its side: ${said(e)}`);

  const lines = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walk.nextNode()) {
    const node = walk.currentNode, e = node.parentElement;
    if (!node.textContent.trim() || !seen(e) || e.closest("select, textarea, thead") && getComputedStyle(e.closest("select, textarea, thead")).clipPath !== "none") continue;
    if (e.closest("select, textarea")) continue;
    range.selectNodeContents(node);
    const rolls = e.closest(".scroll"); /* a table of figures may scroll within itself */
    for (const box of range.getClientRects()) {
      if (box.width < 2 || box.height < 2) continue;
      lines.push([e, box]);
      if (!rolls && (box.left < -1 || box.right > root.clientWidth + 1)) wrong.add(`runs out of the page: ${said(e)}`);
      for (let a = e; a && a !== document.body; a = a.parentElement) {
        const style = getComputedStyle(a), clips = style.overflow !== "visible" && !a.matches(".scroll");
        if (a !== e && a.matches(".scroll")) break;
        if (!clips && !a.matches("button, .button, .pill, .card, .door, .panel, td, th")) continue;
        const around = a.getBoundingClientRect();
        if (box.left < around.left - 2 || box.right > around.right + 2 || (clips && (box.top < around.top - 4 || box.bottom > around.bottom + 4)))
          wrong.add(`${clips ? "is cut off by" : "runs out of"} ${said(a)}: ${said(e)}`);
      }
    }
  }
  /* A line of text is higher than its letters: only what overlaps by a third of a line hides something. */
  lines.sort((p, q) => p[1].top - q[1].top);
  for (let i = 0; i < lines.length; i++) for (let j = i + 1; j < lines.length; j++) {
    const [a, p] = lines[i], [b, q] = lines[j];
    if (q.top >= p.bottom) break;
    if (a === b) continue;
    const across = Math.min(p.right, q.right) - Math.max(p.left, q.left), down = Math.min(p.bottom, q.bottom) - q.top;
    if (across > 2 && down > Math.min(p.height, q.height) / 3) wrong.add(`lies over another: ${said(a)} and ${said(b)}`);
  }
  return [...wrong];
}
