// Where the nodes stand: a plan a site, in metres; those that move or told no place stand below in rows.

import { make } from "/pages/dom.js";
import { RANK, where } from "/pages/fleet.js";
import { state } from "/pages/live.js";
import { t } from "/pages/words.js";

/** @typedef {import("/pages/live.js").Dot} Dot */

const HEIGHT = 230;
const TITLE = 18;
const NEAR = 12;
const COLOURS = ["--bad", "--wary", "--bad", "--wary", "--bad", "--wary", "--quiet", "--well", "--quiet"];

/**
 * The plan's element, and what draws it anew.
 * @returns {[HTMLElement, () => void]}
 */
export function plan() {
  const canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "plan", role: "img", height: String(HEIGHT) }));
  const said = make("p", { class: "hover", "aria-hidden": "true" });
  /** @type {[number, number, Dot][]} */
  let places = [];

  function paint() {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = HEIGHT * ratio;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    /** @type {Record<string, string>} */
    const ink = {};
    for (const name of new Set([...COLOURS, "--quiet"])) {
      canvas.style.color = `var(${name})`;
      ink[name] = getComputedStyle(canvas).color;
    }
    const sites = [...new Set(state.plan.map(([site]) => site))];
    canvas.setAttribute("aria-label", `${state.plan.length} ${t("nodes on the plan of")} ${sites.slice(0, 20).join(", ")}`);
    const across = Math.max(1, Math.min(sites.length, Math.ceil(Math.sqrt((sites.length * width) / HEIGHT / 2))));
    const down = Math.max(1, Math.ceil(sites.length / across));
    places = sites.flatMap((site, at) => layOut(
      state.plan.filter((dot) => dot[0] === site),
      { x: ((at % across) * width) / across, y: (Math.floor(at / across) * HEIGHT) / down, width: width / across, height: HEIGHT / down },
      (text, x, y) => { pen.fillStyle = ink["--quiet"]; pen.font = "11px system-ui, sans-serif"; pen.fillText(text, x, y); },
    ));
    const size = places.length > 300 ? 3 : 5;
    for (const [x, y, [, , rank, vehicle]] of places) {
      pen.fillStyle = ink[COLOURS[rank] ?? "--quiet"];
      pen.beginPath();
      // A vehicle is round, a roadside unit square; what isn't well has a ring as well.
      if (vehicle) pen.arc(x, y, size, 0, 7);
      else pen.rect(x - size, y - size, 2 * size, 2 * size);
      pen.fill();
      if (rank < 6) { pen.strokeStyle = pen.fillStyle; pen.beginPath(); pen.arc(x, y, size + 4, 0, 7); pen.stroke(); }
    }
  }

  /** @param {MouseEvent} event */
  function nearest(event) {
    const found = places.map(([x, y, dot]) => /** @type {[number, Dot]} */ ([Math.hypot(x - event.offsetX, y - event.offsetY), dot]))
      .filter(([away]) => away < NEAR).sort(([a], [b]) => a - b)[0];
    return found?.[1];
  }
  canvas.onmousemove = (event) => {
    const dot = nearest(event);
    said.textContent = dot ? `${dot[0]}/${dot[1]}: ${t(RANK[dot[2]])}` : "";
    canvas.style.cursor = dot ? "pointer" : "default";
  };
  canvas.onclick = (event) => { const dot = nearest(event); if (dot) location.hash = where({ site: dot[0], node: dot[1] }); };
  return [make("div", { class: "planned" }, canvas, said), paint];
}

/** @param {Dot[]} dots  @param {{x: number, y: number, width: number, height: number}} box
 *  @param {(text: string, x: number, y: number) => void} write  @returns {[number, number, Dot][]} */
function layOut(dots, box, write) {
  const placed = dots.filter((dot) => dot[4] != null), others = dots.filter((dot) => dot[4] == null);
  write(dots[0][0], box.x + 8, box.y + 13);
  const columns = Math.max(1, Math.floor((box.width - 24) / 14)), lines = Math.ceil(others.length / columns);
  const step = Math.min(14, (box.height - TITLE - 10) / Math.max(lines, 1));
  const below = others.length ? (placed.length ? Math.min(lines * step + 20, box.height * 0.55) : box.height - TITLE) : 0;
  const top = box.y + TITLE, room = box.height - TITLE - below;
  const xs = placed.map((dot) => Number(dot[4])), ys = placed.map((dot) => Number(dot[5]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((box.width - 40) / Math.max(right - left, 1), (room - 24) / Math.max(high - low, 1));
  /** @type {[number, number, Dot][]} */
  const found = placed.map((dot) => [
    box.x + box.width / 2 + (Number(dot[4]) - (left + right) / 2) * scale,
    top + room / 2 - (Number(dot[5]) - (low + high) / 2) * scale, dot]);
  if (placed.length > 1) write(`${Math.round(right - left)} × ${Math.round(high - low)} m`, box.x + box.width - 70, box.y + 13);
  if (others.length && placed.length) write(t("without a place"), box.x + 8, top + room + 8);
  others.forEach((dot, at) => found.push([
    box.x + 14 + (at % columns) * 14, top + room + (placed.length ? 18 : 8) + Math.floor(at / columns) * step, dot]));
  return found;
}
