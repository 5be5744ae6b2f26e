// Draws what a table says. The table stands before its picture, and without this file nothing is missing.
(() => {
  "use strict";
  const { echarts: library, shapes: boundaries } = document.currentScript.dataset;
  const figures = [...document.querySelectorAll("figure[data-picture]")];
  const forced = matchMedia("(forced-colors: active)");
  const charts = new Map();
  const SAVED = { width: 1200, font: 26 }; // what is kept looks the same whoever's screen it was drawn on
  
  // ---- what the table says
  const own = (node) => [...node.childNodes].filter((n) => !(n.classList && n.classList.contains("hidden-words")))
    .map((n) => (n.nodeType === 3 ? n.textContent : own(n))).join(" ").replace(/\s+/g, " ").trim();
  const told = (cell) => own(cell).split(" ")[0] || "0";
  const amount = (text) => Number((text.match(/[\d,]+(\.\d+)?/) || ["0"])[0].replaceAll(",", ""));
  // A target's row tells in words how far it is, and as two shares of its bar: what is reached, and where the line stands.
  const goals = (table) => {
    const rows = [...table.tBodies[0].rows].filter((row) => row.dataset.shares).map((row) => ({
      name: own(row.querySelector("th a")), values: row.dataset.shares.split(" ").map((share) => share / 100),
      text: own(row.querySelector("strong")), note: own(row.querySelector(".pill")),
    }));
    return { rows };
  };
  const read = (figure) => {
    const table = document.getElementById(figure.dataset.of);
    if (figure.dataset.picture === "progress") return goals(table);
    const heads = [...table.tHead.rows[0].cells];
    const place = (measure) => heads.findIndex((head) => head.dataset.measure === measure);
    const columns = figure.dataset.columns.split(" ").map(place);
    const total = place(figure.dataset.total), note = place("standing");
    const rows = [...table.tBodies[0].rows].map(({ cells, dataset }) => ({
      key: dataset.key, name: own(cells[0]), values: columns.map((c) => amount(told(cells[c]))),
      total: amount(told(cells[total])), text: told(cells[total]), note: note < 0 ? "" : own(cells[note]),
    }));
    const names = (figure.dataset.names || "").split(";").map((pair) => pair.split("="));
    return { names, rows, heads: columns.map((c) => own(heads[c])), head: own(heads[total]) };
  };

  // ---- how it looks: the page's own tokens, or the reader's colours
  const look = (figure, kept = false) => {
    const style = getComputedStyle(figure);
    const probe = figure.appendChild(document.createElement("i"));
    const system = (name) => { probe.style.color = name; return getComputedStyle(probe).color; };
    const token = (name, word) => (forced.matches && !kept ? system(word) : style.getPropertyValue(name).trim());
    const found = {
      family: style.fontFamily, size: parseFloat(style.fontSize),
      ink: token("--ink", "CanvasText"), paper: token("--paper", "Canvas"), mark: token("--river", "LinkText"),
      warm: token("--lantern", "CanvasText"),
      tints: ["--paper", "--tint", "--picture-2", "--picture-3"].map((name) => token(name, "Canvas")),
    };
    probe.remove();
    return found;
  };
  const stripes = (l) => ({ color: l.paper, dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4 });
  const widest = (texts, l) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${l.size}px ${l.family}`;
    return Math.max(...texts.map((text) => pen.measureText(text).width));
  };
  // Words above a bar: name and figure in one line where they fit, else beneath each other and broken at the edge.
  const titles = (rows, l, width) => {
    const room = width - 12, rest = (row) => `${row.text}  ${row.note}`.trim();
    const one = rows.map((row) => `${row.name}  ${rest(row)}`), two = rows.map((row) => `${row.name}\n${rest(row)}`);
    const words = widest(one, l) <= room ? one : two;
    const lines = Math.max(1, ...words.map((text) => text.split("\n").reduce((sum, line) => sum + Math.ceil((widest([line], l) + l.size) / room), 0)));
    return {
      height: lines * l.size * 1.5,
      series: { type: "bar", barWidth: lines * l.size * 1.5, barGap: "0%", silent: true, data: rows.map(() => 0),
        label: { show: true, position: [6, lines * l.size * 1.5], align: "left", verticalAlign: "bottom", color: l.ink, fontSize: l.size, lineHeight: l.size * 1.5,
          width: room, overflow: "break", formatter: ({ dataIndex: at }) => words[at] } },
    };
  };
  const base = (l, tip) => ({
    animation: false, textStyle: { fontFamily: l.family, fontSize: l.size, color: l.ink },
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: l.paper, borderColor: l.ink, borderWidth: 2,
      textStyle: { fontFamily: l.family, fontSize: l.size, color: l.ink }, formatter: ({ dataIndex: at }) => tip[at] || "",
    },
  });
  const tips = ({ rows, heads, head }) => rows.map((row) => [`${row.name} ${row.note}`.trim(), `${head} ${row.text}`,
    ...(heads.length > 1 ? heads.map((name, i) => `${name} ${row.values[i].toLocaleString("en")}`) : [])].join("\n"));
  const parts = (data, l, series) => data.heads.map((_, i) => ({
    type: "bar", stack: "all", barGap: "0%", data: data.rows.map((row) => row.values[i]),
    itemStyle: { color: l.mark, ...(i ? { decal: stripes(l), borderColor: l.mark, borderWidth: 2 } : {}) }, ...series,
  }));

  const lying = (data, l, most) => ({
    grid: { left: 2, right: 4, top: 0, bottom: 0 },
    xAxis: { type: "value", show: false, max: most },
    yAxis: { type: "category", inverse: true, data: data.rows.map((row) => row.name), axisLabel: { show: false },
      axisTick: { show: false }, axisLine: { lineStyle: { color: l.ink, width: 2 } } },
  });

  // ---- the kinds of pictures: option and height for data, look and width
  const bars = (data, l, width) => {
    const words = titles(data.rows, l, width);
    return {
      height: data.rows.length * (words.height + l.size * 1.6),
      option: {
        ...base(l, tips(data)), ...lying(data, l, Math.max(1, ...data.rows.map((row) => row.total))),
        series: [words.series, ...parts(data, l, { barWidth: l.size })],
      },
    };
  };
  const columns = (data, l, width) => {
    const words = data.rows.flatMap((row) => [row.text, row.note, row.name]);
    if (data.rows.length * (widest(words, l) + l.size) > width) return bars(data, l, width);
    const lines = data.rows.some((row) => row.note) ? 2 : 1;
    const top = { show: true, position: "top", color: l.ink, fontSize: l.size, formatter: ({ dataIndex: at }) => data.rows[at].text };
    const series = parts(data, l, { barWidth: "55%", barMaxWidth: l.size * 5 });
    series.push({ type: "bar", stack: "all", silent: true, data: data.rows.map(() => 0), label: top });
    return {
      height: l.size * 15,
      option: {
        ...base(l, tips(data)), grid: { left: 0, right: 0, top: l.size * 2, bottom: l.size * (1 + 1.5 * lines) },
        xAxis: { type: "category", data: data.rows.map((row) => (row.note ? `${row.name}\n${row.note}` : row.name)), axisTick: { show: false },
          axisLabel: { color: l.ink, fontSize: l.size, lineHeight: l.size * 1.4, interval: 0 }, axisLine: { lineStyle: { color: l.ink, width: 2 } } },
        yAxis: { type: "value", show: false }, series,
      },
    };
  };
  const map = (data, l, width) => {
    // A division that no row names had nobody; a row without a shape stays in the table.
    const known = new Map(data.rows.map((row) => [row.key, row]));
    const rows = data.names.map(([key, name]) => known.get(key) || { key, name, values: data.heads.map(() => 0), total: 0, text: "0", note: "" });
    const at = (key) => rows.findIndex((row) => row.key === key);
    const most = Math.max(1, ...rows.map((row) => row.total));
    const tint = (value) => l.tints[value ? Math.min(3, Math.ceil((value / most) * 3)) : 0];
    const high = Math.min(width * 1.3, l.size * 34); // the city is higher than it is wide
    const narrow = high / 1.3 < l.size * 24; // names would lie over one another: numbers, and a list beneath
    const name = (key) => (at(key) < 0 ? "" : narrow ? String(at(key) + 1) : `${rows[at(key)].name}\n${rows[at(key)].text}`);
    const item = { borderColor: l.ink, borderWidth: 1.5 };
    return {
      height: high, key: narrow ? rows.map((row) => `${row.name} ${row.text}`) : [],
      option: {
        ...base(l, tips({ ...data, rows })),
        series: [{
          type: "map", map: "jilin-city", aspectScale: 0.725, layoutCenter: ["50%", "50%"], layoutSize: high - 8, selectedMode: false, itemStyle: { ...item, areaColor: l.tints[0] },
          label: { show: true, color: l.ink, textBorderColor: l.paper, textBorderWidth: 4, fontSize: l.size, lineHeight: l.size * 1.2, formatter: ({ name: key }) => name(key) },
          emphasis: { label: { color: l.ink }, itemStyle: { ...item, borderWidth: 4 } },
          data: rows.map((row) => ({ name: row.key, value: row.total, itemStyle: { areaColor: tint(row.total) }, emphasis: { itemStyle: { areaColor: tint(row.total) } } })),
        }],
      },
    };
  };
  const progress = (data, l, width) => {
    const words = titles(data.rows, l, width);
    return {
      height: data.rows.length * (words.height + l.size * 1.6),
      option: {
        ...base(l, data.rows.map((row) => `${row.name}\n${row.text} ${row.note}`)), ...lying(data, l, 1),
        series: [
          words.series,
          { type: "bar", barWidth: l.size, barGap: "0%", data: data.rows.map((row) => row.values[0]), itemStyle: { color: l.mark } },
          { type: "scatter", symbol: "rect", symbolSize: [6, l.size * 1.5], symbolOffset: [0, words.height / 2], silent: true, z: 5,
            itemStyle: { color: l.warm, borderColor: l.paper, borderWidth: 1, opacity: 1 }, data: data.rows.map((row, at) => [row.values[1], at]) },
        ],
      },
    };
  };
  const KINDS = { bars, columns, map, progress };

  // ---- on the page
  const draw = (figure) => {
    figure.hidden = false;
    const place = figure.querySelector(".drawing"), l = look(figure);
    const picture = KINDS[figure.dataset.picture](read(figure), l, place.clientWidth);
    if (charts.has(figure)) charts.get(figure).dispose();
    place.style.height = `${Math.round(picture.height)}px`;
    charts.set(figure, echarts.init(place, null, { renderer: "canvas" }));
    charts.get(figure).setOption(picture.option);
    const list = figure.querySelector("ol");
    if (list) list.replaceChildren(...(picture.key || []).map((words) => Object.assign(document.createElement("li"), { textContent: words })));
    figure.dataset.drawn = figure.clientWidth;
  };

  // ---- to keep: title, picture, what the marks mean, where it is from
  const save = (figure) => {
    const l = { ...look(figure, true), size: SAVED.font }, margin = 40, line = l.size * 1.6;
    const picture = KINDS[figure.dataset.picture](read(figure), l, SAVED.width - 2 * margin);
    const sheet = document.createElement("div");
    const size = { width: SAVED.width - 2 * margin, height: Math.round(picture.height) };
    const chart = echarts.init(sheet, null, { renderer: "canvas", devicePixelRatio: 1, ...size });
    chart.setOption(picture.option);
    const words = [...figure.querySelectorAll("[data-words]")].map(own).filter(Boolean);
    const canvas = Object.assign(document.createElement("canvas"), { width: SAVED.width, height: size.height + line * (words.length + 1) + 2 * margin });
    const pen = canvas.getContext("2d");
    pen.fillStyle = l.paper;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = l.ink;
    pen.textBaseline = "top";
    pen.font = `bold ${l.size}px ${l.family}`;
    pen.fillText(figure.dataset.title, margin, margin);
    pen.drawImage(chart.getRenderedCanvas({ backgroundColor: l.paper, pixelRatio: 1 }), margin, margin + line, size.width, size.height);
    pen.font = `${l.size * 0.8}px ${l.family}`;
    words.forEach((text, i) => pen.fillText(text, margin, margin + line * (i + 1.3) + size.height, SAVED.width - 2 * margin));
    chart.dispose();
    canvas.toBlob((content) => {
      const address = URL.createObjectURL(content);
      Object.assign(document.createElement("a"), { href: address, download: figure.dataset.file }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    }, "image/png");
  };

  const drawAll = () => figures.forEach(draw);
  const begin = async () => {
    if (figures.some((figure) => figure.dataset.picture === "map")) {
      const answer = await fetch(boundaries);
      if (!answer.ok) return;
      echarts.registerMap("jilin-city", await answer.json());
    }
    drawAll();
    let waiting = 0;
    new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(() => figures.filter((f) => Number(f.dataset.drawn) !== f.clientWidth).forEach(draw), 100);
    }).observe(figures[0].parentElement);
    forced.addEventListener("change", drawAll);
    figures.forEach((figure) => figure.querySelector("[data-save]").addEventListener("click", () => save(figure)));
  };
  if (figures.length) document.head.append(Object.assign(document.createElement("script"), { src: library, onload: begin }));
})();
