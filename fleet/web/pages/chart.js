// Charts as SVG: stages stacked over time, and lines. Every step is drawn: none is left out or smoothed.

import { clock, draw, make } from "/pages/dom.js";

export const [HEIGHT, LOW, LEFT, BOTTOM, TOP] = [190, 120, 62, 22, 10];
/** So far apart are the times below a chart, at least. */
const TIME_PX = 110;

/** @typedef {{t_ms: number, n: number, failed: number, late: number, dropped?: number | null,
 *   total: Record<string, number | null>, stages: Record<string, Record<string, number | null>>}} Step */

/** @param {number} width @param {number} height  pixels, as it is drawn  @param {number} from @param {number} to @param {number} most @param {string} unit @param {(ms: number) => number} x */
function frame(width, height, from, to, most, unit, x) {
  const y = (/** @type {number} */ value) => height - BOTTOM - (value / most) * (height - BOTTOM - TOP);
  const parts = [0, most / 2, most].flatMap((value) => [
    draw("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
    draw("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, `${value.toLocaleString(undefined, { maximumSignificantDigits: 3 })} ${unit}`),
  ]);
  const times = Math.max(1, Math.min(5, Math.floor((width - LEFT) / TIME_PX)));
  for (let at = 0; at < times; at++) {
    const ms = from + ((to - from) * at) / times;
    parts.push(draw("text", { x: x(ms), y: height - 6 }, clock(ms * 1e6)));
  }
  return { y, parts };
}

/**
 * The stages' percentile stacked, the total's own as a line.
 * @param {Step[]} steps  @param {string} mark  p50, p90, p99  @param {number} stepMs
 * @param {string[]} stages  @param {string} words  @param {number} width
 */
export function stacked(steps, mark, stepMs, stages, words, width) {
  const sum = (/** @type {Step} */ one) => stages.reduce((all, stage) => all + (one.stages[stage]?.[mark] ?? 0), 0);
  const most = Math.max(0.001, ...steps.map((one) => Math.max(one.total[mark] ?? 0, sum(one))));
  const [from, to] = spanOf(steps, stepMs);
  const x = (/** @type {number} */ ms) => LEFT + ((ms - from) / (to - from)) * (width - LEFT);
  const { y, parts } = frame(width, HEIGHT, from, to, most, "ms", x);
  const wide = Math.max(1, x(from + stepMs) - LEFT - 1);
  for (const one of steps) {
    let below = 0;
    // All of its height can be clicked, also where its bar is low or there is none.
    const group = draw("g", { class: "step" }, draw("rect", { class: "hit", x: x(one.t_ms), y: TOP, width: wide, height: HEIGHT - BOTTOM - TOP }));
    stages.forEach((stage, at) => {
      const value = one.stages[stage]?.[mark] ?? 0;
      group.append(draw("rect", { class: `stage-${at % 5}`, x: x(one.t_ms), y: y(below + value), width: wide, height: y(below) - y(below + value) }));
      below += value;
    });
    const told = stages.map((stage) => `${stage} ${one.stages[stage]?.[mark]?.toFixed(1) ?? "–"}`).join(", ");
    group.append(draw("title", {}, `${clock(one.t_ms * 1e6)} · ${mark} ms: ${told}, total ${one.total[mark]?.toFixed(1) ?? "–"} · n = ${one.n}`
      + `${one.failed ? `, ${one.failed} failed` : ""}${one.late ? `, ${one.late} late` : ""}${one.dropped ? `, ${one.dropped} dropped` : ""}`));
    if (one.total[mark] != null) group.append(draw("path", { class: "p99", d: `M${x(one.t_ms)} ${y(one.total[mark] ?? 0)}h${wide}` }));
    else if (one.n) group.append(draw("rect", { class: "few", x: x(one.t_ms), y: HEIGHT - BOTTOM - 3, width: wide, height: 3 }));
    if (one.failed) group.append(draw("rect", { class: "failed", x: x(one.t_ms), y: HEIGHT - BOTTOM, width: wide, height: 4 }));
    parts.push(group);
  }
  return draw("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words, preserveAspectRatio: "none" }, ...parts);
}

/** @param {Step[]} steps  @param {number} stepMs  @returns {[number, number]} */
function spanOf(steps, stepMs) {
  return [steps[0].t_ms, Math.max(steps[steps.length - 1].t_ms + stepMs, steps[0].t_ms + 12 * stepMs)];
}

/**
 * Which step of a chart a click is at.
 * @param {Step[]} steps  @param {number} stepMs  @param {MouseEvent} click  @param {SVGSVGElement} chart
 */
export function stepAt(steps, stepMs, click, chart) {
  const box = chart.getBoundingClientRect(), [from, to] = spanOf(steps, stepMs);
  if (click.clientY < box.top || click.clientY > box.bottom) return undefined;
  const width = chart.viewBox.baseVal.width, x = ((click.clientX - box.left) / box.width) * width;
  const ms = from + ((x - LEFT) / (width - LEFT)) * (to - from);
  return steps.find((one) => one.t_ms <= ms && ms < one.t_ms + stepMs);
}

/**
 * One line over time; a value that isn't known is a hole in it.
 * @param {[number, number | null | undefined][]} points  milliseconds, value  @param {string} unit  @param {string} words  @param {number} width
 */
export function line(points, unit, words, width) {
  const known = points.map(([, value]) => value).filter((value) => value != null).map(Number);
  if (!known.length) return make("p", { class: "quiet" }, words);
  const most = Math.max(0.001, ...known), from = points[0][0], to = Math.max(points[points.length - 1][0], from + 1000);
  const x = (/** @type {number} */ ms) => LEFT + ((ms - from) / (to - from)) * (width - LEFT);
  const { y, parts } = frame(width, LOW, from, to, most, unit, x);
  let path = "", on = false;
  for (const [ms, value] of points) {
    path += value == null ? "" : `${on ? "L" : "M"}${x(ms).toFixed(1)} ${y(value).toFixed(1)}`;
    on = value != null;
  }
  return draw("svg", { class: "chart small", viewBox: `0 0 ${width} ${LOW}`, role: "img", preserveAspectRatio: "none",
    "aria-label": `${words}: ${known[known.length - 1].toLocaleString()} ${unit}` }, ...parts, draw("path", { class: "line", d: path }));
}

/** @param {string[]} stages  @param {string} [mark]  with it, the total's line, too */
export function legend(stages, mark = "") {
  const swatch = (/** @type {SVGElement} */ shape) => draw("svg", { "aria-hidden": "true", viewBox: "0 0 10 10" }, shape);
  return make("ul", { class: "legend" }, ...stages.map((stage, at) =>
    make("li", {}, swatch(draw("rect", { class: `stage-${at % 5}`, width: 10, height: 10 })), `${stage} ${mark}`)),
  ...(mark ? [make("li", {}, swatch(draw("path", { class: "p99", d: "M0 5h10" })), `total ${mark}`)] : []));
}
