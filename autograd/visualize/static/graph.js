// The interactive graph. Items form a tree (index, .parent); a closed block stands for all that is in it.
// Layout is layered, top to bottom, one block at a time: an open block is laid out first and then is a box in its parent.

const { items, edges, roots, head, steps } = JSON.parse(document.getElementById("data").textContent);
const children = items.map(() => []);
items.forEach((item, i) => { if (i) children[item.parent].push(i); });
const open = new Set([0]);
let picked = null, found = [], foundAt = -1, view = { x: 0, y: 0, k: 1 }, boxes = new Map();

const canvas = document.createElement("canvas").getContext("2d");
function textWidth(text, bold) {
  canvas.font = (bold ? "600 12px " : "11px ") + getComputedStyle(document.body).fontFamily;
  return canvas.measureText(text).width;
}
const clip = (text, n) => text.length > n ? text.slice(0, n - 1) + "…" : text;
const nameOf = (item) => clip(item.name, 34);
const saidOf = (item) => item.block ? item.said : item.kind === "constant" && item.shape === "[]" ? "" : item.shape;

// --- what is visible ---

function standsFor(i) {  // the outermost closed block around an item, or the item
  let stands = i;
  for (let at = items[i].parent; at !== undefined && at !== 0; at = items[at].parent) if (!open.has(at)) stands = at;
  return stands;
}
const chain = (i) => { const found = [i]; while (items[i].parent !== undefined) found.push(i = items[i].parent); return found; };

function visibleEdges() {
  const seen = new Map();
  for (const [a, b] of edges) {
    const u = standsFor(a), v = standsFor(b);
    if (u !== v && !chain(u).includes(v) && !chain(v).includes(u)) seen.set(u + "," + v, [u, v]);
  }
  return [...seen.values()];
}

// --- layout ---

const GAP_X = 18, GAP_Y = 30, PAD = 14, HEAD = 24;

function layout(block, links) {
  // Place the children of an open block; links: for each open block, the edges between its children, and those that
  // come in from outside (no u) or go out (no v): they get free cells on their way too.
  const level = new Map(), size = new Map(), inner = new Map();
  const kids = children[block];
  for (const i of kids) {
    if (items[i].block && open.has(i)) {
      inner.set(i, layout(i, links));
      const { w, h } = inner.get(i);
      size.set(i, [Math.max(w + 2 * PAD, textWidth(items[i].name, true) + 40), h + PAD + HEAD]);
    } else {
      const said = saidOf(items[i]);
      size.set(i, [Math.max(44, textWidth(nameOf(items[i]), true) + 20, textWidth(said) + 20), said ? 40 : 25]);
    }
  }
  const links_ = links.get(block) || [];
  const here = links_.filter((e) => e.u !== undefined && e.v !== undefined);
  const into = new Map(kids.map((i) => [i, []])), outOf = new Map(kids.map((i) => [i, []]));
  for (const e of here) { into.get(e.v).push(e.u); outOf.get(e.u).push(e.v); }
  for (const i of kids) level.set(i, Math.max(0, ...into.get(i).map((u) => (level.get(u) ?? -1) + 1)));
  for (const i of [...kids].reverse())  // what has no inputs sits right above its first use
    if (!into.get(i).length && outOf.get(i).length) level.set(i, Math.min(...outOf.get(i).map((v) => level.get(v))) - 1);
  const lowest = Math.min(0, ...level.values());
  const rows = [];
  const put = (cell, at) => { (rows[at] ||= []).push(cell); };
  const cells = new Map();
  for (const i of kids) {
    const cell = { i, w: size.get(i)[0], h: size.get(i)[1], up: [], down: [], x: 0 };
    cells.set(i, cell); put(cell, level.get(i) - lowest);
  }
  for (const e of here) {  // a long edge gets an empty cell in every row that it crosses
    e.bends = [];
    let last = cells.get(e.u);
    for (let at = level.get(e.u) - lowest + 1; at < level.get(e.v) - lowest; at++) {
      const cell = { w: 10, h: 0, up: [], down: [], x: 0, row: at };
      put(cell, at); link(last, cell); e.bends.push(cell); last = cell;
    }
    link(last, cells.get(e.v));
  }
  for (const e of links_) {
    if (e.u !== undefined && e.v !== undefined) continue;
    const end = cells.get(e.u ?? e.v), at = level.get(e.u ?? e.v) - lowest;
    const [from, to] = e.u === undefined ? [0, at] : [at + 1, rows.length];
    const free = [];
    for (let row = from; row < to; row++) { const cell = { w: 10, h: 0, up: [], down: [], x: 0 }; put(cell, row); free.push(cell); }
    const line = e.u === undefined ? [...free, end] : [end, ...free];
    for (let n = 1; n < line.length; n++) link(line[n - 1], line[n]);
    e.bends = free;
  }
  for (const e of links_) { e.from = cells.get(e.u); e.to = cells.get(e.v); }
  order(rows); place(rows);
  let y = 0;
  for (const row of rows.filter(Boolean)) {
    const h = Math.max(...row.map((c) => c.h));
    for (const c of row) { c.top = y; c.tall = h; c.y = y + (h - c.h) / (c.up.length ? 2 : 1); }
    y += h + GAP_Y;
  }
  const every = rows.flat();
  const left = Math.min(...every.map((c) => c.x - c.w / 2)), right = Math.max(...every.map((c) => c.x + c.w / 2));
  for (const c of every) c.x -= left;
  return { cells, inner, here, w: right - left, h: y - GAP_Y };
}

function link(a, b) { a.down.push(b); b.up.push(a); }

function order(rows) {  // sort each row by the mean position of its neighbours, down and up, a few times
  rows.forEach((row) => row.forEach((c, n) => { c.at = n; }));
  const sort = (row, side) => {
    for (const c of row) c.key = c[side].length ? c[side].reduce((s, d) => s + d.at, 0) / c[side].length : c.at;
    row.sort((a, b) => a.key - b.key).forEach((c, n) => { c.at = n; });
  };
  for (let n = 0; n < 6; n++) {
    for (let r = 1; r < rows.length; r++) sort(rows[r], "up");
    for (let r = rows.length - 2; r >= 0; r--) sort(rows[r], "down");
  }
}

function place(rows) {  // draw every cell towards its neighbours, keeping the order and the gaps
  for (const row of rows) { let x = 0; for (const c of row) { c.x = x + c.w / 2; x += c.w + GAP_X; } }
  const settle = (row, sides) => {
    const want = row.map((c) => {
      const near = sides.flatMap((s) => c[s]);
      return near.length ? near.reduce((s, d) => s + d.x, 0) / near.length : c.x;
    });
    const right = [...want], left = [...want];
    const apart = (a, b) => (row[a].w + row[b].w) / 2 + GAP_X;
    for (let n = 1; n < row.length; n++) right[n] = Math.max(right[n], right[n - 1] + apart(n - 1, n));
    for (let n = row.length - 2; n >= 0; n--) left[n] = Math.min(left[n], left[n + 1] - apart(n, n + 1));
    row.forEach((c, n) => { c.x = (right[n] + left[n]) / 2; });
  };
  for (let n = 0; n < 8; n++) {
    for (const row of rows) settle(row, ["up"]);
    for (const row of [...rows].reverse()) settle(row, ["down"]);
  }
  for (const row of rows) settle(row, ["up", "down"]);
}

// --- drawing ---

const svg = make("svg", { id: "graph", role: "img", "aria-label": "computation graph" });
const world = make("g", {});
svg.append(make("defs", {}, make("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
  orient: "auto", markerUnits: "userSpaceOnUse" }, make("path", { d: "M0,0 L8,4 L0,8 z" }))), world);

function draw() {
  const shown = visibleEdges(), links = new Map(), routes = [];
  const add = (block, u, v) => {  // an edge between two children of a block, or from outside, or to outside: one of each
    const list = links.get(block) || links.set(block, []).get(block);
    let e = list.find((other) => other.u === u && other.v === v);
    if (!e) list.push(e = { u, v, bends: [] });
    return [block, e];
  };
  for (const [u, v] of shown) {
    const a = chain(u), b = chain(v), common = a.find((i) => b.includes(i));
    const n = a.indexOf(common), m = b.indexOf(common), legs = [];
    for (let i = 1; i < n; i++) legs.push(add(a[i], a[i - 1], undefined));
    legs.push(add(common, a[n - 1], b[m - 1]));
    for (let i = m - 1; i > 0; i--) legs.push(add(b[i], undefined, b[i - 1]));
    routes.push({ u, v, legs });
  }
  boxes = new Map();
  const groups = make("g", {}), lines = make("g", {}), titles = make("g", {}), nodes = make("g", {}), origin = new Map();
  (function show(laid, block, x0, y0) {
    origin.set(block, [x0, y0]);
    for (const [i, c] of laid.cells) {
      const box = { x: x0 + c.x - c.w / 2, y: y0 + c.y, w: c.w, h: c.h };
      boxes.set(i, box);
      if (laid.inner.has(i)) {
        groups.append(make("rect", { class: `frame ${items[i].kind}`, x: box.x, y: box.y, width: box.w, height: box.h, rx: 8 }));
        titles.append(titleOf(i, box));
        show(laid.inner.get(i), i, box.x + (box.w - laid.inner.get(i).w) / 2, box.y + HEAD);
      } else nodes.append(nodeOf(i, box));
    }
  })(layout(0, links), 0, 0, 0);
  for (const { u, v, legs } of routes) {
    const a = boxes.get(u), b = boxes.get(v);
    let x = a.x + a.w / 2, y = a.y + a.h, d = `M${x},${y}`;
    const to = (tx, ty) => { const m = (ty - y) / 2; d += ` C${x},${y + m} ${tx},${ty - m} ${tx},${ty}`; x = tx; y = ty; };
    for (const [block, e] of legs) {
      const [x0, y0] = origin.get(block);
      if (e.from) { y = y0 + e.from.top + e.from.tall; d += ` L${x},${y}`; }  // a row is left before an edge turns
      for (const c of e.bends) { to(x0 + c.x, y0 + c.top); y = y0 + c.top + c.tall; d += ` L${x},${y}`; }
    }
    const [last, { to: end }] = legs.at(-1), enters = origin.get(last)[1] + end.top;
    to(b.x + b.w / 2, Math.min(enters, b.y - 1));
    if (enters < b.y - 1) d += ` L${x},${b.y - 1}`;
    lines.append(make("path", { d, class: "edge", "marker-end": "url(#tip)", "data-edge": u + "," + v }));
  }
  world.replaceChildren(groups, lines, titles, nodes);
  paint();
}

function nodeOf(i, box) {
  const item = items[i], said = saidOf(item);
  const kind = roots.includes(i) ? "result" : item.block ? "block" : item.kind;
  const g = make("g", { class: `node ${kind}${item.cut ? " cut" : ""}`, "data-item": i,
    transform: `translate(${box.x},${box.y})`, onclick: (event) => { event.stopPropagation(); click(i); },
    onmousemove: (event) => hint(i, event), onmouseleave: () => hint(null) });
  g.append(make("rect", { width: box.w, height: box.h, rx: item.kind === "parameter" ? 14 : 6 }),
    make("text", { class: "name", x: box.w / 2, y: 16, "text-anchor": "middle" }, (item.block && !item.cut ? "▸ " : "") + nameOf(item)));
  if (said) g.append(make("text", { class: "said", x: box.w / 2, y: 32, "text-anchor": "middle" }, said));
  return g;
}

function titleOf(i, box) {  // of an open block; it lies over the edges that pass
  return make("g", { class: "group", "data-item": i, transform: `translate(${box.x},${box.y})` },
    make("text", { x: 10, y: 16, onclick: (event) => { event.stopPropagation(); open.delete(i); redraw(i); } }, "▾ " + clip(items[i].name, 60)));
}

// --- choosing ---

function pathFrom(i) {  // everything that the gradient of an item passes through
  const inside = (k) => chain(k).includes(i);
  const next = new Map();
  for (const [a, b] of edges) (next.get(a) || next.set(a, []).get(a)).push(b);
  const seen = new Set(), stack = items[i].block ? items.map((_, k) => k).filter(inside) : [i];
  while (stack.length) { const k = stack.pop(); if (!seen.has(k)) { seen.add(k); stack.push(...(next.get(k) || [])); } }
  return seen;
}

function paint() {
  const path = picked === null ? new Set() : pathFrom(picked);
  const hot = new Set([...path].map(standsFor)), hotEdges = new Set();
  for (const [a, b] of edges) if (path.has(a) && path.has(b)) hotEdges.add(standsFor(a) + "," + standsFor(b));
  svg.classList.toggle("chosen", picked !== null);
  const shown = new Set(found.map(standsFor));
  for (const g of world.querySelectorAll(".node")) {
    const i = +g.dataset.item;
    g.classList.toggle("hot", hot.has(i));
    g.classList.toggle("picked", picked !== null && i === standsFor(picked));
    g.classList.toggle("found", shown.has(i));
  }
  for (const line of world.querySelectorAll(".edge")) line.classList.toggle("hot", hotEdges.has(line.dataset.edge));
}

function click(i) {
  hint(null);
  if (items[i].block && !items[i].cut) { open.add(i); redraw(i); show(i); return; }
  picked = picked === i ? null : i;
  describe(picked); paint();
}

function redraw(i) {  // draw again with the box of item i where it was on the screen
  const before = boxes.get(i);
  draw();
  const after = boxes.get(i);
  if (before && after) {
    view.x += (before.x + before.w / 2 - after.x - after.w / 2) * view.k;
    view.y += (before.y - after.y) * view.k;
  }
  move();
}

function show(i) {  // the whole picture, if a box that was just opened reaches beyond the window
  const b = boxes.get(i), area = svg.getBoundingClientRect();
  if (view.y + (b.y + b.h) * view.k > area.height || view.x + b.x * view.k < 0 || view.x + (b.x + b.w) * view.k > area.width) fit();
}

function tableOf(rows) {
  return make("table", {}, ...rows.filter((r) => r[1] !== undefined && r[1] !== "").map(([k, ...cells]) =>
    make("tr", {}, make("th", {}, k), ...cells.map((c) => make("td", {}, c === undefined ? "" : String(c))))));
}

function said(key, n) {  // a number of the panel
  if (n === undefined) return "";
  return key === "zeros" ? (100 * n).toPrecision(3) + " %" : n && Math.abs(n) < 1e-3 ? n.toExponential(3) : n;
}

function describe(i) {
  panel.classList.toggle("open", i !== null);
  if (i === null) return;
  const item = items[i], v = item.value || {}, g = item.grad || {};
  panel.replaceChildren(make("button", { class: "close", onclick: () => click(picked) }, "×"), make("h2", {}, item.name));
  if (item.block) { panel.append(make("p", {}, item.said)); return; }
  panel.append(tableOf([["kind", item.kind], ["operation", item.op], ["shape", item.shape], ["dtype", item.dtype], ["memory", item.bytes],
    ["module", item.module], ["line", item.line && item.line[0]], ...Object.entries(item.params || {})]));
  if (item.line && item.line[1]) panel.append(make("pre", {}, item.line[1]));
  const keys = ["min", "max", "mean", "std", "norm", "zeros", "bad"].filter((k) => k in v || k in g);
  if (item.value || item.grad) {
    panel.append(make("h3", {}, "forward and backward"), tableOf([["", "value", "gradient"], ["", v.text || "?", g.text || "?"],
      ...keys.map((k) => [k, said(k, v[k]), said(k, g[k])])].map((row) => row[1] === "" ? [row[0], " ", row[2]] : row)));
  }
  if (item.formulas) {
    panel.append(make("h3", {}, "what backward sends to"));
    for (const [name, text] of Object.entries(item.formulas)) panel.append(make("pre", {}, name + "  ←  " + text));
  }
}

function hint(i, event) {
  if (i === null) { tip.style.display = "none"; return; }
  const item = items[i], v = item.value, g = item.grad;
  const rows = item.block ? [item.said, item.cut ? "left out of this page: see to_json()" : "click to open"]
    : [`${item.shape} ${item.dtype}, ${item.bytes}`, item.module, v && "value  " + v.text, g && "grad  " + g.text, item.line && item.line[0]];
  tip.replaceChildren(make("b", {}, item.name), ...rows.filter(Boolean).map((r) => make("div", {}, r)));
  tip.style.display = "block";
  const area = stage.getBoundingClientRect();
  const x = event.clientX - area.left + 14, y = event.clientY - area.top + 14;
  tip.style.left = Math.min(x, area.width - tip.offsetWidth - 6) + "px";
  tip.style.top = (y + tip.offsetHeight > area.height ? y - tip.offsetHeight - 24 : y) + "px";
}

// --- searching ---

function search(text) {
  const wanted = text.trim().toLowerCase();
  found = !wanted ? [] : items.map((_, i) => i).filter((i) => i && [items[i].name, items[i].path, items[i].op, items[i].module]
    .some((s) => s && s.toLowerCase().includes(wanted)));
  foundAt = -1;
  count.textContent = wanted ? `${found.length} found` : head;
  paint();
}

function reveal() {
  if (!found.length) return;
  foundAt = (foundAt + 1) % found.length;
  const i = found[foundAt];
  for (const at of chain(i).slice(1)) if (!items[at].cut) open.add(at);
  if (!items[i].block) { picked = i; describe(i); }
  draw();
  const box = boxes.get(i), area = svg.getBoundingClientRect();
  view.k = Math.min(Math.max(view.k, 0.9), 1);
  view.x = area.width / 2 - (box.x + box.w / 2) * view.k;
  view.y = area.height / 2 - (box.y + box.h / 2) * view.k;
  count.textContent = `${foundAt + 1} of ${found.length}`;
  paint(); move();
}

// --- moving ---

function move() { world.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.k})`); }

function fit() {
  const all = [...boxes.values()], area = svg.getBoundingClientRect();
  const left = Math.min(...all.map((b) => b.x)), right = Math.max(...all.map((b) => b.x + b.w));
  const bottom = Math.max(...all.map((b) => b.y + b.h));
  const whole = Math.min((area.width - 30) / (right - left), (area.height - 30) / bottom, 1.4);
  view.k = Math.max(whole, Math.min(0.55, (area.width - 30) / (right - left)));  // never too small to read: rather pan
  view.x = (area.width - (left + right) * view.k) / 2;
  view.y = Math.max(15, (area.height - bottom * view.k) / 2);
  move();
}

function zoom(factor, x, y) {
  const k = Math.min(4, Math.max(0.03, view.k * factor)), f = k / view.k;
  view = { k, x: x - (x - view.x) * f, y: y - (y - view.y) * f };
  move();
}

svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const area = svg.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - area.left, event.clientY - area.top);
}, { passive: false });
let drag = null;
svg.addEventListener("pointerdown", (event) => { drag = { x: event.clientX - view.x, y: event.clientY - view.y, moved: false }; });
window.addEventListener("pointermove", (event) => {
  if (!drag) return;
  view.x = event.clientX - drag.x; view.y = event.clientY - drag.y; drag.moved = true; move();
});
window.addEventListener("pointerup", () => { drag = null; });

// Outermost first, until the picture has that many boxes; loops of few turns, and modules of at least so many parts.
function openAll(most, turns = Infinity, least = 1) {
  let n = children[0].length;
  for (let i = 1; i < items.length && n < most; i++)
    if (items[i].block && !items[i].cut && items[i].kind !== "more" && items[i].kind !== "leaves" && open.has(items[i].parent)
        && (children[i].length >= least || items[children[i][0]].block)
        && n + children[i].length <= most && (items[i].kind !== "repeat" || children[i].length <= turns)) { open.add(i); n += children[i].length; }
}

const count = make("span", { class: "said", id: "count" }, head);
const box = make("input", { id: "search", type: "search", placeholder: "search and press Enter", size: 22,
  oninput: (event) => search(event.target.value), onkeydown: (event) => { if (event.key === "Enter") reveal(); } });
const middle = () => { const area = svg.getBoundingClientRect(); return [area.width / 2, area.height / 2]; };
const panel = make("aside", { class: "panel", id: "panel" }), tip = make("div", { class: "hint", id: "hint" });
const stage = make("div", { class: "stage" }, svg, panel, tip);
document.getElementById("app").append(make("div", { class: "bar" }, box, count, make("span", { class: "fill" }),
  make("button", { id: "open", onclick: () => { openAll(400); draw(); fit(); } }, "open all"),
  make("button", { id: "close", onclick: () => { open.clear(); open.add(0); draw(); fit(); } }, "close all"),
  make("button", { title: "zoom in", onclick: () => zoom(1.3, ...middle()) }, "+"),
  make("button", { title: "zoom out", onclick: () => zoom(1 / 1.3, ...middle()) }, "−"),
  make("button", { id: "fit", onclick: fit }, "fit"), themeButton()), stage);

// --- the backward pass, step by step ---

function step(n) {
  const { item, arrived, sent } = steps[n];
  picked = null; paint();
  const before = new Set(steps.slice(0, n).map((s) => s.item)), to = new Set(sent.map((s) => standsFor(s.to)));
  const at = standsFor(item);
  for (const g of world.querySelectorAll(".node")) {
    const i = +g.dataset.item;
    g.classList.toggle("now", i === at); g.classList.toggle("done", before.has(i)); g.classList.toggle("next", to.has(i));
  }
  for (const line of world.querySelectorAll(".edge"))
    line.classList.toggle("hot", line.dataset.edge.endsWith("," + at) && to.has(+line.dataset.edge.split(",")[0]));
  panel.classList.add("open");
  panel.replaceChildren(make("h2", {}, `${n + 1} of ${steps.length}: ${items[item].name}`),
    make("h3", {}, "arrives"), make("pre", {}, "g = " + (arrived || "one for each result")),
    ...(sent.length ? [make("h3", {}, "is sent on")] : [make("p", {}, "A leaf: what has arrived is added to its .grad.")]),
    ...sent.map((s) => make("div", { class: "sent" }, make("b", {}, `to ${items[s.to].name}`), make("span", {}, ` (${s.argument}) ${s.shape}`),
      make("pre", {}, s.formula), make("pre", {}, "= " + s.text))));
  slider.value = n;
}

const slider = make("input", { id: "step", type: "range", min: 0, max: steps ? steps.length - 1 : 0, value: 0,
  "aria-label": "step of the backward pass", oninput: () => step(+slider.value) });
const turn = (by) => step(Math.min(steps.length - 1, Math.max(0, +slider.value + by)));
if (steps) {
  for (const id of ["open", "close"]) document.getElementById(id).remove();
  box.replaceWith(make("button", { id: "back", onclick: () => turn(-1) }, "◀"), slider, make("button", { id: "next", onclick: () => turn(1) }, "▶"));
  count.textContent = "backward, step by step";
  items.forEach((item, i) => { if (item.block && !item.cut) open.add(i); });
}
// one box that says everything is no picture: open the outermost modules, as many as fit
if (!steps) openAll(36, 4, 2);
draw(); if (steps) { step(0); document.body.offsetWidth; } fit();
window.addEventListener("resize", fit);
