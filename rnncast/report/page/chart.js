// A chart with all that belongs to it.

const MOST_ROWS = 500; // of the table behind a chart
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// One chart: its picture, its legend with the values at the cursor, its buttons, and the table behind it.
function chart(spec) {
  const first = spec.at[0],
    last = spec.at[spec.at.length - 1];
  const data = [spec.at];
  for (const band of spec.bands) data.push(...(band.drawn || [band.low, band.high]));
  for (const line of spec.lines) data.push(line.drawn || line.y);
  const state = { shown: spec.lines.map((line) => line.shown !== false), pointed, zoomed };
  let u = null,
    width = 0,
    place = null,
    view = spec.view || [first, last];

  const where = made("b", { class: "where" });
  const values = spec.lines.map(() => made("span", { class: "value" }));
  const ends = spec.bands.map(() => made("span", { class: "value" }));
  const keys = spec.lines.map((line, i) =>
    made(
      "li",
      {},
      made(
        "button",
        { type: "button", "aria-pressed": String(state.shown[i]), onclick: () => toggle(i) },
        swatch(line.role),
        line.name,
      ),
      values[i],
    ),
  );
  const bandKeys = spec.bands.map((band, i) =>
    made("li", {}, made("span", { class: "key" }, swatch("c0", opacity(i, spec.bands.length)), band.name), ends[i]),
  );
  const legend = made(
    "ul",
    { class: "legend" },
    made("li", {}, made("span", { class: "key" }, spec.x), where),
    ...keys,
    ...bandKeys,
  );
  const told = made("output", { class: "told", "aria-live": "polite" });
  const plot = made("div", {
    class: "plot",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "chart",
    "aria-label": spec.title + ". Arrow keys move along it, plus and minus zoom, 0 shows all. A table follows.",
    onkeydown: pressed,
  });
  const button = (sign, words, act) =>
    made("button", { type: "button", title: words, "aria-label": words, onclick: act }, sign);
  const buttons = made(
    "div",
    { class: "buttons" },
    button("−", "Zoom out", () => zoom(2)),
    button("+", "Zoom in", () => zoom(0.5)),
    button("All", "Show all", () => move(first, last)),
    ...(spec.view ? [button("Recent", "Show the latest", () => move(...spec.view))] : []),
  );
  const table = made("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Values of " + spec.title });
  const details = made(
    "details",
    { ontoggle: () => details.open && fill() },
    made("summary", {}, "Table of what is shown"),
    table,
  );
  const whole = made("div", { class: "chart" }, made("div", { class: "row" }, legend, buttons), plot, told, details);

  function draw() {
    const now = Math.floor(plot.clientWidth);
    if (!now) return;
    width = now;
    if (u) u.destroy();
    u = new uPlot(options(spec, state, width), data, plot);
    move(...view);
    pointed(place);
    whole.dataset.drawn = "true";
  }

  function toggle(i) {
    state.shown[i] = !state.shown[i];
    keys[i].firstChild.setAttribute("aria-pressed", String(state.shown[i]));
    draw();
  }

  function pointed(idx) {
    if (idx == null) return;
    while (idx < spec.at.length - 1 && spec.told && !spec.told(spec.at[idx])) idx++;
    place = idx;
    where.textContent = spec.label ? spec.label(spec.at[idx]) : String(spec.at[idx]);
    spec.lines.forEach((line, i) => (values[i].textContent = line.y[idx] == null ? "" : written(line.y[idx], spec)));
    spec.bands.forEach(
      (band, i) =>
        (ends[i].textContent =
          band.low[idx] == null ? "" : written(band.low[idx], spec) + " to " + written(band.high[idx], spec)),
    );
    whole.dataset.at = where.textContent;
  }

  function aloud() {
    // what the cursor is at, for whoever cannot see it
    const parts = [where.textContent];
    spec.lines.forEach(
      (line, i) => state.shown[i] && values[i].textContent && parts.push(line.name + " " + values[i].textContent),
    );
    spec.bands.forEach((band, i) => ends[i].textContent && parts.push(band.name + " " + ends[i].textContent));
    told.textContent = parts.join(", ");
  }

  function zoomed() {
    view = [u ? u.scales.x.min : first, u ? u.scales.x.max : last];
    whole.dataset.view = view.join(" ");
    if (details.open) fill();
  }

  function move(low, high) {
    if (!u) return;
    u.setScale("x", { min: low, max: high });
  }

  function zoom(factor) {
    if (spec.log === "xy") return;
    const [low, high] = view;
    const middle = place != null && spec.at[place] >= low && spec.at[place] <= high ? spec.at[place] : (low + high) / 2;
    const half = Math.max(((high - low) * factor) / 2, Math.min(1, (last - first) / 2));
    move(
      Math.max(first, Math.min(middle - half, last - 2 * half)),
      Math.min(last, Math.max(middle + half, first + 2 * half)),
    );
  }

  function step(by) {
    const n = spec.at.length;
    let next =
      place == null
        ? by > 0
          ? spec.at.findIndex((x) => x >= view[0])
          : n - 1
        : Math.max(0, Math.min(n - 1, place + by));
    while (next > 0 && next < n - 1 && spec.told && !spec.told(spec.at[next])) next += by > 0 ? 1 : -1;
    go(next);
  }

  function go(next) {
    const x = spec.at[next],
      [low, high] = view;
    if (x < low) move(x, x + high - low);
    if (x > high) move(x - (high - low), x);
    place = next;
    u.setCursor({ left: u.valToPos(x, "x"), top: u.over.clientHeight / 2 });
    pointed(next);
    aloud();
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== plot) return;
    const by = event.shiftKey ? 10 : 1;
    const acts = {
      ArrowLeft: () => step(-by),
      ArrowRight: () => step(by),
      Home: () => go(0),
      End: () => go(spec.at.length - 1),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      0: () => move(first, last),
      Escape: () => move(first, last),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  function fill() {
    table.replaceChildren(...tableOf(spec, view));
  }

  const sized = new ResizeObserver(() => Math.floor(plot.clientWidth) !== width && draw());
  sized.observe(plot);
  dark.addEventListener("change", draw);
  whole.leave = () => {
    sized.disconnect();
    dark.removeEventListener("change", draw);
    if (u) u.destroy();
  };
  if (spec.latest != null) pointed(spec.latest);
  return whole;
}

// The values from one x to another, as a heading and a table.
function tableOf(spec, view) {
  const rows = [];
  spec.at.forEach((x, i) => {
    if (x >= view[0] && x <= view[1] && (!spec.told || spec.told(x))) rows.push(i);
  });
  const head = [
    spec.x,
    ...spec.lines.map((line) => line.name),
    ...spec.bands.flatMap((band) => [band.name + " low", band.name + " high"]),
  ];
  const cells = (i) =>
    [...spec.lines.map((line) => line.y), ...spec.bands.flatMap((band) => [band.low, band.high])].map((y) =>
      made("td", { class: "number" }, y[i] == null ? "" : written(y[i], spec)),
    );
  const body = rows
    .slice(-MOST_ROWS)
    .map((i) =>
      made(
        "tr",
        {},
        made("th", { scope: "row" }, spec.label ? spec.label(spec.at[i]) : String(spec.at[i])),
        ...cells(i),
      ),
    );
  const few =
    rows.length > MOST_ROWS ? ": the last " + MOST_ROWS + " of " + rows.length + " rows; zoom in for others" : "";
  return [
    made("p", { class: "caption" }, spec.title + few),
    made(
      "table",
      {},
      made(
        "thead",
        {},
        made("tr", {}, ...head.map((name, i) => made("th", { scope: "col", class: i ? "number" : null }, name))),
      ),
      made("tbody", {}, ...body),
    ),
  ];
}
