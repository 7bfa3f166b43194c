// What the figures of the page show: a few lines, or one series of many.

// Charts of a few lines over the same x.
function lines(given) {
  return chart({
    ...given,
    bands: [],
    marks: [],
    banded: -1,
    widest: 4,
    view: null,
    latest: given.at.length - 1,
    incrs: given.at.every(Number.isInteger) && given.log !== "xy" ? tens(1) : undefined,
  });
}

function tens(unit) {
  const found = [];
  for (let power = 1; power < 1e10; power *= 10) for (const n of [1, 2, 5]) found.push(n * power * unit);
  return found;
}

function strides(seasons) {
  if (!seasons.length) return tens(1);
  const least = Math.min(...seasons),
    found = new Set();
  for (let n = 1; n < least; n++) if (least % n === 0) found.add(n);
  for (const season of seasons) for (const n of tens(season)) found.add(n);
  return [...found].sort((a, b) => a - b);
}

// What is drawn of one series of many: its history, its forecasts from each origin, and the intervals of the first.
function one(given, series, labels) {
  const scale =
    series.e < 0
      ? (v) => (v == null ? null : (v + series.b) / 10 ** -series.e)
      : (v) => (v == null ? null : (v + series.b) * 10 ** series.e);
  const steps = new Set(),
    breaks = new Set();
  series.y.forEach((y, i) => steps.add(series.s + i));
  for (const [, start, point] of series.f) {
    point.forEach((y, i) => steps.add(start + i));
    if (point.length > 1) breaks.add(start - 0.5); // forecasts from two origins are two lines
  }
  const at = [...steps, ...breaks].sort((a, b) => a - b),
    place = new Map(at.map((x, i) => [x, i]));
  const blank = () => at.map((x) => (breaks.has(x) ? undefined : null)); // a line of what was seen goes on over a break
  const history = blank();
  series.y.forEach((y, i) => (history[place.get(series.s + i)] = scale(y)));
  const latest = Math.max(...series.f.map((each) => each[1]));
  const origins = [...new Set(series.f.map((each) => each[1]))].sort((a, b) => a - b);
  const out = given.names.map(() => at.map(() => null)),
    bands = given.levels.map((name) => ({ name, low: at.map(() => null), high: at.map(() => null) }));
  for (const [who, start, point, ...between] of series.f) {
    point.forEach((y, i) => (out[who][place.get(start + i)] = scale(y)));
    between.forEach((values, k) => {
      const end = k % 2 ? "high" : "low";
      if (bands[k >> 1]) values.forEach((y, i) => (bands[k >> 1][end][place.get(start + i)] = scale(y)));
    });
  }
  const lead = Math.min(given.names.length, 7);
  const lines = [
    { name: given.y, role: "history", y: history },
    ...given.names.map((name, i) => ({ name, role: "c" + (i % lead), y: out[i], shown: i < 2 })),
  ];
  join(lines[1], bands, history, place, origins);
  const last = at[at.length - 1];
  return chart({
    title: given.title + (given.series.length > 1 ? ": " + series.n : ""),
    x: given.x,
    unit: "",
    digits: Math.max(0, -series.e),
    log: "",
    points: false,
    at,
    lines,
    bands,
    banded: 1,
    marks: origins.map((x) => x - 0.5),
    label: (x) => labels.get(x) || "",
    told: (x) => Number.isInteger(x),
    widest: labels.widest,
    folds: labels.folds,
    incrs: strides(given.seasons),
    view: [Math.max(at[0], origins[0] - given.back), last],
    latest: place.get(latest),
  });
}

// A forecast from one origin is seen to leave from the last value; in tables and legends it does not.
function join(line, bands, history, place, origins) {
  if (origins.length !== 1) return;
  const before = place.get(origins[0] - 1),
    gap = place.get(origins[0] - 0.5);
  if (before == null || history[before] == null) return;
  const from = (values) => values.map((y, i) => (i === before ? history[before] : i === gap ? undefined : y));
  line.drawn = from(line.y);
  for (const band of bands) band.drawn = [from(band.low), from(band.high)];
}

function explorer(given, figure) {
  const labels = new Map();
  labels.widest = 4;
  for (const [start, names] of given.times)
    names.forEach((name, i) => {
      labels.set(start + i, name);
      const parts = folded(name);
      labels.widest = Math.max(labels.widest, ...parts.map((part) => part.length));
      labels.folds = labels.folds || parts.length > 1;
    });
  let shown = null,
    now = 0;
  const many = given.series.length > 1;
  const input = made("input", {
    type: "search",
    list: "series-names",
    autocomplete: "off",
    spellcheck: "false",
    id: "series",
    onchange: typed,
    onkeydown: entered,
    onfocus: () => input.select(),
  });
  const names = made(
    "datalist",
    { id: "series-names" },
    ...given.series.map((each) => made("option", { value: each.n })),
  );
  const about = made("output", { class: "about", "aria-live": "polite" });
  const button = (words, act) => made("button", { type: "button", onclick: act }, words);
  const picker = made(
    "div",
    { class: "picker" },
    made("label", { for: "series" }, "Series, of " + given.series.length),
    input,
    names,
    button("Previous", () => show((now + given.series.length - 1) % given.series.length)),
    button("Next", () => show((now + 1) % given.series.length)),
    ...ranked(),
  );
  figure.append(...(many ? [picker] : []), about);

  function ranked() {
    const order = given.series.map((each, i) => i).filter((i) => given.series[i].m && given.series[i].m[0] != null);
    if (order.length < 3) return [];
    order.sort((a, b) => given.series[b].m[0] - given.series[a].m[0]);
    return [
      button("Worst", () => show(order[0])),
      button("Median", () => show(order[order.length >> 1])),
      button("Best", () => show(order[order.length - 1])),
    ];
  }

  function find(text) {
    const exact = given.series.findIndex((each) => each.n === text);
    const wanted = text.toLowerCase();
    return exact >= 0 || !wanted ? exact : given.series.findIndex((each) => each.n.toLowerCase().includes(wanted));
  }

  function typed() {
    const found = find(input.value);
    if (found >= 0) show(found);
    else about.textContent = "No series is called so.";
  }

  function entered(event) {
    if (event.key === "Enter") typed();
    if (event.key === "Enter") input.select();
  }

  function show(i) {
    now = i;
    const series = given.series[i];
    if (shown) shown.leave();
    const next = one(given, series, labels);
    if (shown) shown.replaceWith(next);
    else figure.append(next);
    shown = next;
    input.value = series.n;
    figure.dataset.series = series.n;
    const scores = (series.m || [])
      .map((score, k) => (score == null ? null : given.names[k] + " " + score.toPrecision(3)))
      .filter(Boolean);
    const place = many ? [i + 1 + " of " + given.series.length] : [];
    about.textContent = [...place, ...(scores.length ? ["MASE " + scores.join(", ")] : [])].join(": ");
  }

  if (given.series.length) show(0);
  else figure.append(made("p", { class: "note" }, "There is no series to draw."));
}

const charts = JSON.parse(document.getElementById("report-data").textContent);
for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const given = charts[Number(figure.dataset.chart)];
  if (given.kind === "series") explorer(given, figure);
  else figure.append(lines(given));
}
