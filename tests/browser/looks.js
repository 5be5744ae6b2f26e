/* What a page is asked in a browser, beside axe. Each returns sentences; none is good. */
({ large, primary }) => {
  const wrong = [];
  const said = (e) => `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.className ? "." + [...e.classList].join(".") : ""}> ${e.textContent.trim().slice(0, 20)}`;
  const seen = (e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && e.checkVisibility({ visibilityProperty: true }) && !e.closest(".hidden-words, .skip");
  };
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);

  if (size(document.body) < (large ? 24 : 20)) wrong.push(`body text of ${size(document.body)} px`);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (walk.currentNode.textContent.trim() && seen(e) && size(e) < (large ? 18 : 16)) small.add(`text of ${size(e)} px: ${said(e)}`);
  }
  wrong.push(...small);

  const tall = document.documentElement;
  if (tall.scrollWidth > tall.clientWidth) wrong.push(`scrolls sideways: ${tall.scrollWidth} px in ${tall.clientWidth} px`);

  /* A choice is pressed by its label; a link inside a sentence is as tall as its line (WCAG 2.5.8, inline). */
  const inSentence = (e) => {
    if (e.tagName !== "A" || getComputedStyle(e).display !== "inline") return false;
    const around = e.parentElement.textContent.trim();
    return around.length > e.textContent.trim().length;
  };
  const pressed = (e) => (["radio", "checkbox"].includes(e.type) ? e.closest("label") || document.querySelector(`label[for="${e.id}"]`) || e : e);
  const targets = new Set([...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter((e) => !inSentence(e)).map(pressed).filter(seen));
  const boxes = [...targets].map((e) => [e, e.getBoundingClientRect()]);
  for (const [e, box] of boxes) {
    const least = large && e.matches(primary) ? 60 : 48;
    if (box.width < 47.5 || box.height < least - 0.5) wrong.push(`target of ${Math.round(box.width)} × ${Math.round(box.height)} px: ${said(e)}`);
  }
  /* A bar that stays in view passes over what scrolls beneath it. */
  const floats = (e) => { for (; e; e = e.parentElement) if (["sticky", "fixed"].includes(getComputedStyle(e).position)) return e; return null; };
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, p] = boxes[i], [b, q] = boxes[j];
    if (a.contains(b) || b.contains(a) || a.closest("[data-bar], .bar") && a.closest("[data-bar], .bar") === b.closest("[data-bar], .bar")) continue;
    if (floats(a) !== floats(b)) continue;
    const dx = Math.max(p.left - q.right, q.left - p.right), dy = Math.max(p.top - q.bottom, q.top - p.bottom);
    if (dx < -1 && dy < -1) wrong.push(`targets overlap: ${said(a)} and ${said(b)}`);
    else if (dx < 7.5 && dy < 7.5 && Math.max(dx, dy) < 7.5) wrong.push(`targets ${Math.round(Math.max(dx, dy))} px apart: ${said(a)} and ${said(b)}`);
  }
  return wrong;
}
