/* What a page must keep apart by light and dark, beside its words: fields, buttons, marks, the ring of the focus.

   Words 7 : 1 (pale ones too, such as those of a button that cannot be pressed), shapes 3 : 1. Returns sentences; none is good. */
() => {
  const wrong = new Set();
  const said = (e) => `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.className ? "." + [...e.classList].join(".") : ""}> ${e.textContent.trim().slice(0, 20)}`;
  const parts = (colour) => { const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const apart = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = (e) => {
    if (!e) return [255, 255, 255, 1];
    const own = parts(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(e.parentElement));
  };
  const seen = (e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && e.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && !e.closest(".hidden-words");
  };
  const need = (least, ratio, what) => { if (ratio < least - .005) wrong.add(`${ratio.toFixed(2)} : 1, not ${least} : 1: ${what}`); };
  const borders = (style) => ["Top", "Right", "Bottom", "Left"]
    .filter((side) => parseFloat(style[`border${side}Width`]) >= 1 && style[`border${side}Style`] !== "none")
    .map((side) => parts(style[`border${side}Color`])).filter((colour) => colour[3]);

  /* Words */
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !seen(e)) continue;
    const under = ground(e);
    let ink = over(parts(getComputedStyle(e).color), under);
    for (let a = e; a; a = a.parentElement) ink = over([...ink.slice(0, 3), parseFloat(getComputedStyle(a).opacity)], under);
    need(7, apart(ink, under), `words ${said(e)}`);
  }
  for (const e of document.querySelectorAll("input, select, textarea")) {
    if (!seen(e) || ["hidden", "radio", "checkbox"].includes(e.type)) continue;
    need(7, apart(parts(getComputedStyle(e).color), ground(e)), `what is typed in ${said(e)}`);
    if (parseFloat(getComputedStyle(e).opacity) < 1) wrong.add(`a field shines through: ${said(e)}`);
    if (e.placeholder) wrong.add(`a field says by a placeholder what its label should: ${said(e)}`);
  }

  /* The edge of what is typed into or pressed; what is only words is underlined or judged above. */
  const edge = (style, inside, outside, what) =>
    need(3, Math.max(0, ...[...borders(style), inside].map((colour) => apart(over(colour, outside), outside))), what);
  for (const e of document.querySelectorAll("input, select, textarea, button:not(.link), .button")) {
    if (!seen(e) || ["radio", "checkbox"].includes(e.type)) continue;
    edge(getComputedStyle(e), ground(e), ground(e.parentElement), `the edge of ${said(e)}`);
    if (e.type === "file") {
      const button = getComputedStyle(e, "::file-selector-button");
      edge(button, parts(button.backgroundColor), ground(e), `the edge of the button in ${said(e)}`);
    }
  }

  /* Radio buttons and ticks: drawn by the browser (grey #767676, the chosen one in the accent) or, on the roll, by a bar. */
  for (const e of document.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    const style = getComputedStyle(e);
    if (style.opacity !== "0") {
      if (!seen(e)) continue;
      if (style.appearance === "none") wrong.add(`a mark drawn by hand: ${said(e)}`);
      const outside = ground(e.parentElement);
      need(3, apart([118, 118, 118, 1], outside), `the edge of a mark ${said(e.parentElement)}`);
      need(3, apart(style.accentColor === "auto" ? [0, 117, 255, 1] : parts(style.accentColor), outside), `a chosen mark ${said(e.parentElement)}`);
    } else if (seen(e.parentElement)) {
      const word = e.nextElementSibling, bar = e.closest(".bar"), was = e.checked, at = e.form && e.form.querySelector(`[name="${e.name}"]:checked`);
      e.checked = true;
      const chosen = ground(word), sign = getComputedStyle(word, "::before").content;
      need(7, apart(parts(getComputedStyle(word).color), chosen), `the word of a chosen mark ${said(word)}`);
      if (["none", '""'].includes(sign)) wrong.add(`a chosen mark has no sign: ${said(word)}`);
      e.checked = false;
      if (bar) need(3, apart(chosen, ground(word)), `a chosen mark beside one that is not ${said(word)}`);
      e.checked = was;
      if (at) at.checked = true;
    }
  }
  for (const bar of document.querySelectorAll(".bar")) {
    edge(getComputedStyle(bar), ground(bar.parentElement), ground(bar.parentElement), `the edge of ${said(bar)}`);
    for (const label of bar.querySelectorAll("label + label"))
      edge(getComputedStyle(label), ground(bar), ground(bar), `between two marks ${said(label)}`);
  }

  /* Signs: dots and triangles before a word, the line under where one is. */
  for (const e of document.querySelectorAll("body *")) {
    for (const side of ["::before", "::after"]) {
      const style = getComputedStyle(e, side);
      if (style.content !== '""' || style.position === "absolute" || !seen(e)) continue;
      edge(style, parts(style.backgroundColor), ground(e), `the sign of ${said(e)}`);
    }
    if (e.hasAttribute("aria-current") && seen(e)) {
      const style = getComputedStyle(e), line = style.boxShadow.match(/rgba?\([^)]*\)/);
      if (parseInt(style.fontWeight) < 700) wrong.add(`where one is, is not bold: ${said(e)}`);
      if (!line) wrong.add(`where one is, is told by a tint alone: ${said(e)}`);
      else need(3, apart(parts(line[0]), ground(e)), `the line under ${said(e)}`);
    }
  }

  /* The ring, from the inside out: what is within, the halo's part, the outline, the rest of the halo, what is around.
     One of them, 2 px or wider, must stand out from both its neighbours, and one from what was there before. */
  const kinds = new Set();
  const before = document.activeElement;
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (e.disabled || !e.checkVisibility({ visibilityProperty: true })) continue;
    const kind = [e.tagName, e.type, e.className, e.checked, ground(e), ground(e.parentElement)].join();
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    e.focus({ preventScroll: true, focusVisible: true });
    const shown = getComputedStyle(e).opacity === "0" ? e.nextElementSibling : e;
    const style = getComputedStyle(shown);
    const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth), offset = parseFloat(style.outlineOffset);
    if (width < 2) { wrong.add(`no ring at ${said(e)}`); continue; }
    const within = ground(shown), around = ground(shown.parentElement), outline = parts(style.outlineColor);
    const shadow = style.boxShadow.match(/(rgba?\([^)]*\)) 0px 0px 0px ([\d.]+)px( inset)?/);
    const inner = offset < 0, spread = shadow && inner === !!shadow[3] ? parseFloat(shadow[2]) : 0;
    const halo = spread ? parts(shadow[1]) : null, plain = inner ? within : around;
    /* From the edge of the element away from it (or, for a ring within, into it). */
    const from = inner ? -offset - width : offset, to = from + width;
    const bands = [[halo || plain, from], [outline, width], [halo && spread > to ? halo : plain, Math.max(0, spread - to)]];
    const line = [[inner ? around : within, 99], ...bands.filter(([, wide]) => wide > 0), [plain, 99]];
    const stands = line.some(([colour, wide], i) => wide >= 2 && i > 0 && i < line.length - 1
      && apart(colour, line[i - 1][0]) >= 3 && apart(colour, line[i + 1][0]) >= 3);
    const changes = bands.some(([colour, wide]) => wide >= 2 && apart(colour, plain) >= 3);
    if (!stands || !changes) wrong.add(`the ring at ${said(e)} does not stand out by 3 : 1`);
  }
  if (before && before !== document.body) before.focus({ preventScroll: true }); else document.activeElement.blur();
  return [...wrong];
}
