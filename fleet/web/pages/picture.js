// A stream's picture with what was found in it and what was there, drawn together: they come in one message.

import { clock, make } from "/pages/dom.js";
import { t } from "/pages/words.js";

const AGAIN_MS = 700;

/** @typedef {{box: number[], score?: number, label: string}} Box */
/** @typedef {{seq: number, t: number, total_ms: number, found: Box[], truth?: Box[] | null, unknown: string, width?: number, height?: number}} Head */

/** A picture that is asked for only while it is open and the page is in sight. */
export class Picture {
  /** @param {string} site  @param {string} node  @param {string} stream */
  constructor(site, node, stream) {
    this.path = `/api/nodes/${[site, node, stream].map(encodeURIComponent).join("/")}/picture`;
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "picture", role: "img", "aria-label": t("Picture") }));
    this.words = make("p", { class: "quiet" });
    this.open = false;
    /** @type {number | null} */ this.atMs = null;
    this.button = make("button", { type: "button", "aria-expanded": "false" }, t("Show the picture"));
    this.button.onclick = () => { this.atMs = null; this.toggle(!this.open); };
    this.box = make("div", { hidden: "" }, this.canvas, this.words);
    this.element = make("div", { class: "pictured" }, this.button, this.box);
  }

  /** @param {boolean} open */
  toggle(open) {
    this.open = open;
    this.box.hidden = !open;
    this.button.textContent = t(open ? "Hide the picture" : "Show the picture");
    this.button.setAttribute("aria-expanded", String(open));
    if (open) this.again();
  }

  /** The frame of a moment, and it stays. @param {number} atMs */
  moment(atMs) {
    this.atMs = atMs;
    this.toggle(true);
  }

  async again() {
    if (!this.open || !this.element.isConnected) return;
    if (!document.hidden) {
      try {
        await this.draw(await fetch(this.atMs == null ? this.path : `${this.path}?at_ms=${Math.round(this.atMs)}`));
      } catch (error) {
        this.words.textContent = error instanceof Error ? error.message : String(error);
      }
    }
    if (this.atMs == null) setTimeout(() => this.again(), AGAIN_MS);
  }

  /** @param {Response} answer */
  async draw(answer) {
    if (!answer.ok) throw new Error((await answer.json()).error);
    const bytes = await answer.arrayBuffer();
    const length = new DataView(bytes).getUint32(0);
    /** @type {Head} */
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    const jpeg = new Uint8Array(bytes, 4 + length);
    const truth = head.truth == null ? "" : `, ${head.truth.length} ${t("truth")}`;
    const said = `#${head.seq}, ${clock(head.t * 1e6)}, ${head.total_ms.toFixed(1)} ms: ${head.found.length} ${t("found")}${truth}`;
    this.words.textContent = head.unknown ? `${said}. ${head.unknown}` : said;
    this.canvas.setAttribute("aria-label", said);
    if (!jpeg.length || !head.width) { this.canvas.hidden = true; return; }
    const image = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    this.canvas.hidden = false;
    this.canvas.width = image.width;
    this.canvas.height = image.height;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const scale = image.width / head.width;
    pen.drawImage(image, 0, 0);
    pen.font = "12px system-ui, sans-serif";
    pen.lineWidth = 2;
    for (const one of head.truth ?? []) outline(pen, one, scale, "#35d07f", [5, 4], "");
    for (const one of head.found) if ((one.score ?? 1) >= 0.3) outline(pen, one, scale, "#ffb020", [], `${one.label} ${one.score?.toFixed(2)}`);
  }
}

/** @param {CanvasRenderingContext2D} pen  @param {Box} one  @param {number} scale  @param {string} colour  @param {number[]} dash  @param {string} words */
function outline(pen, one, scale, colour, dash, words) {
  const [left, top, right, bottom] = one.box.map((value) => value * scale);
  pen.setLineDash(dash);
  pen.strokeStyle = colour;
  pen.strokeRect(left, top, right - left, bottom - top);
  if (!words) return;
  pen.fillStyle = "#000a";
  pen.fillRect(left, top - 15, pen.measureText(words).width + 6, 15);
  pen.fillStyle = colour;
  pen.fillText(words, left + 3, top - 4);
}
