/* Every rule of axe; what it found and what it could not decide.

   It sees no colour where text is scrolled out of a table or lies under a link that spans its card: such text
   is judged a second time with the table unrolled and the link drawn in. */
async () => {
    const contrast = ["color-contrast", "color-contrast-enhanced"];
    const shown = ["violations", "incomplete"];
    const run = rules => axe.run(document, {runOnly: {type: "rule", values: rules}, resultTypes: shown});
    const first = await run(axe.getRules().map(rule => rule.ruleId));
    let found = [...first.violations, ...first.incomplete];
    if (first.incomplete.some(rule => contrast.includes(rule.id))) {
        const sheet = document.styleSheets[0], unrolled = new Set();
        for (const table of document.querySelectorAll(".scroll"))
            for (let e = table; e !== document.documentElement; e = e.parentElement) unrolled.add(e);
        for (const e of unrolled) Object.assign(e.style, {overflow: "visible", minWidth: "max-content", maxWidth: "none"});
        const at = sheet.insertRule("a::after { position: static !important; }", sheet.cssRules.length);
        const again = await run(contrast);
        sheet.deleteRule(at);
        for (const e of unrolled) Object.assign(e.style, {overflow: "", minWidth: "", maxWidth: ""});
        found = [...found.filter(rule => !contrast.includes(rule.id)), ...again.violations, ...again.incomplete];
    }
    const words = node => [...node.any, ...node.all, ...node.none].map(check => check.message).join(" ");
    const where = rule => rule.nodes.map(node => node.target.join(" ") + ": " + words(node));
    return found.map(rule => [rule.id, where(rule).slice(0, 4), rule.help]);
}
