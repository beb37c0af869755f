// Precision and recall by the score from which on a finding counts: of one run's stream, or of two runs beside each other.

import { draw, make, table } from "/pages/dom.js";
import { t } from "/pages/words.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [560, 220, 40, 24, 10];
const DIGITS = 3;

/** @typedef {{score: number | null, precision: number | null, recall: number | null, f1: number | null}} Best */
/** @typedef {{of: string, n_truth: number, n_found: number, precision: (number | null)[], recall: (number | null)[], best: Best}} Row */
/** @typedef {{iou: number, scores: number[], classes: Row[]}} ScoreTable */
/**
 * Of sides "A" and "B", or of one under "".
 * @typedef {Record<string, ScoreTable>} Sides
 */

/**
 * A section that shows one of several, each under its name; nothing where there is none.
 * @param {[string, Sides][]} all
 */
export function byScore(all) {
  if (!all.length) return [];
  const stream = select(t("Stream"), all.map(([name]) => name));
  const of = select(t("Class"), []);
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", value: "6", class: "score", "aria-label": t("Score") }));
  const said = make("output", {});
  const place = make("div");
  stream.hidden = all.length < 2;

  function redraw() {
    const sides = all[stream.selectedIndex][1];
    const { scores, iou } = Object.values(sides)[0];
    const classes = [...new Set(Object.values(sides).flatMap((one) => one.classes.map((row) => row.of)))];
    const before = of.value;
    of.replaceChildren(...classes.map((name) => make("option", { value: name }, name || t("all classes"))));
    of.value = classes.includes(before) ? before : "";
    slider.max = String(scores.length - 1);
    const at = Number(slider.value);
    said.textContent = `${t("score")} ≥ ${scores[at].toFixed(2)}`;
    slider.setAttribute("aria-valuetext", said.textContent);
    place.replaceChildren(
      chart(sides, of.value, at), legend(sides),
      figures(sides, classes, at),
      make("p", { class: "quiet" }, t("A finding is right from an IoU of {iou} on. The best score is chosen with the truth in hand: of other frames it promises nothing.", { iou: iou.toFixed(2) })),
    );
  }

  for (const one of [stream, of]) one.onchange = redraw;
  slider.oninput = redraw;
  redraw();
  return [make("h2", {}, t("Precision and recall by score")), make("div", { class: "choices" }, stream, of, slider, said), place];
}

/** @param {string} label  @param {string[]} options */
function select(label, options) {
  return /** @type {HTMLSelectElement} */ (make("select", { "aria-label": label }, ...options.map((name) => make("option", {}, name))));
}

/** @param {Sides} sides  @param {string} of  @param {number} at */
function chart(sides, of, at) {
  const x = (/** @type {number} */ score) => LEFT + score * (WIDTH - LEFT - 18);
  const y = (/** @type {number} */ share) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((mark) => [
    draw("line", { class: "grid", x1: LEFT, x2: x(1), y1: y(mark), y2: y(mark) }),
    draw("text", { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, mark.toFixed(2)),
    draw("text", { x: x(mark), y: HEIGHT - 6, "text-anchor": "middle" }, mark.toFixed(2)),
  ]);
  /** @type {string[]} */
  const words = [];
  for (const [side, { scores, classes }] of Object.entries(sides)) {
    const row = classes.find((one) => one.of === of);
    if (!row) continue;
    parts.push(draw("line", { class: "chosen", x1: x(scores[at]), x2: x(scores[at]), y1: TOP, y2: HEIGHT - BOTTOM }));
    for (const kind of /** @type {("precision" | "recall")[]} */ (["precision", "recall"])) {
      parts.push(draw("path", { class: `curve ${kind} side-${side || "A"}`, d: path(scores, row[kind], x, y) }));
      const best = row.best[kind];
      if (row.best.score != null && best != null) parts.push(draw("circle", { class: `best side-${side || "A"}`, cx: x(row.best.score), cy: y(best), r: 4 }));
    }
    words.push(`${side ? `${side}: ` : ""}${t("greatest F1")} ${figure(row.best.f1)}, ${t("score")} ≥ ${figure(row.best.score)}`);
  }
  return draw("svg", { class: "chart by-score", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${t("Precision and recall by score")}. ${words.join("; ")}` }, ...parts);
}

/**
 * What is undefined is a gap.
 * @param {number[]} scores  @param {(number | null)[]} shares  @param {(score: number) => number} x  @param {(share: number) => number} y
 */
function path(scores, shares, x, y) {
  return shares.map((share, at) => (share == null ? "" : `${at && shares[at - 1] != null ? "L" : "M"}${x(scores[at]).toFixed(1)} ${y(share).toFixed(1)}`)).join("");
}

/** @param {Sides} sides */
function legend(sides) {
  const lines = Object.keys(sides).flatMap((side) => ["precision", "recall"].map((kind) => make("li", {},
    draw("svg", { class: "stroke", viewBox: "0 0 24 10" }, draw("path", { class: `curve ${kind} side-${side || "A"}`, d: "M0 5H24" })), `${side ? `${side}: ` : ""}${t(kind)}`)));
  return make("ul", { class: "legend" }, ...lines, make("li", {}, `● ${t("greatest F1")}`));
}

/**
 * What is to be compared stands side by side.
 * @param {Sides} sides  @param {string[]} classes  @param {number} at
 */
function figures(sides, classes, at) {
  /** @type {[string, (row: Row) => string | number][]} */
  const columns = [
    ["precision", (row) => figure(row.precision[at])], ["recall", (row) => figure(row.recall[at])], ["best score", (row) => figure(row.best.score)],
    ["greatest F1", (row) => figure(row.best.f1)], ["findings, any score", (row) => row.n_found],
  ];
  const heads = columns.flatMap(([word]) => Object.keys(sides).map((side) => `${t(word)} ${side}`.trim()));
  const rows = classes.map((name) => {
    const own = Object.values(sides).map((one) => one.classes.find((row) => row.of === name));
    const cells = columns.flatMap(([, told]) => own.map((row) => (row ? told(row) : "–")));
    return [name || t("all classes"), Math.max(...own.map((row) => row?.n_truth ?? 0)), ...cells];
  });
  return table([t("Class"), t("objects"), ...heads], rows);
}

/** @param {number | null | undefined} of */
const figure = (of) => (of == null ? "–" : of.toFixed(DIGITS));
