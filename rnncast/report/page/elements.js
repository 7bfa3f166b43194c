"use strict";
// What charts are made of. Text from data is only ever set as text, by `append` and `textContent`.

const DASHES = { c1: [8, 4], c2: [2, 3], c3: [10, 3, 2, 3], c4: [5, 2], c5: [1, 4], c6: [14, 4], ideal: [4, 4] };

function made(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function drawn(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function colour(role) {
  return getComputedStyle(document.documentElement)
    .getPropertyValue("--" + role)
    .trim();
}

function swatch(role, band) {
  const mark =
    band != null
      ? drawn("rect", { y: 1, width: 22, height: 8, class: "fill", "fill-opacity": band })
      : drawn("line", { x2: 22, y1: 5, y2: 5, "stroke-dasharray": (DASHES[role] || []).join(" ") });
  return drawn("svg", { class: "swatch " + role, viewBox: "0 0 22 10", "aria-hidden": "true" }, mark);
}

function written(value, spec) {
  if (value == null) return "missing";
  if (spec.digits != null && Math.abs(value) < 1e15) return value.toFixed(spec.digits) + spec.unit;
  const size = Math.abs(value);
  const shown = size && (size >= 1e7 || size < 1e-3) ? value.toExponential(3) : value.toPrecision(4);
  return shown + spec.unit;
}

function tick(value) {
  if (value == null) return ""; // a split that is to have no label
  const size = Math.abs(value);
  return size && (size >= 1e7 || size < 1e-3) ? value.toExponential() : String(+value.toPrecision(12));
}

const opacity = (place, of) => (of === 1 ? 0.3 : 0.2 + 0.16 * (place / (of - 1))); // the widest is the faintest
