// A stream's picture with what was found in it and what was there, drawn together: they come in one message.

import { clock, make } from "/pages/dom.js";
import { say, t } from "/pages/words.js";

const AGAIN_MS = 700;
/** What is found with less confidence is counted, and not drawn. */
const LEAST_SCORE = 0.3;

/** @typedef {{box: number[], score?: number, label: string}} Box */
/** @typedef {{seq: number, t: number, total_ms: number, stages_ms: Record<string, number>, found: Box[], truth?: Box[] | null, unknown: string, width?: number, height?: number}} Head */

/** A picture that is asked for only while it is open and the page in sight. */
export class Picture {
  /** @param {string} site  @param {string} node  @param {string} stream */
  constructor(site, node, stream) {
    this.path = `/api/nodes/${[site, node, stream].map(encodeURIComponent).join("/")}/picture`;
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "picture", role: "img", "aria-label": t("Picture"), hidden: "" }));
    this.words = make("p", { class: "quiet", "aria-live": "polite" });
    this.open = false;
    /** The moment whose frames are shown; null: the newest one, always anew. @type {number | null} */ this.atMs = null;
    this.skip = 0;
    this.asked = 0;
    this.button = button("Show the picture", () => { this.atMs = null; this.toggle(!this.open); });
    this.button.setAttribute("aria-expanded", "false");
    this.steps = make("span", { class: "choices", hidden: "" },
      button("Earlier frame", () => this.step(-1)), button("Later frame", () => this.step(1)), button("Newest frame", () => { this.atMs = null; this.toggle(true); }));
    this.box = make("div", { hidden: "" }, this.steps, this.canvas, this.words);
    this.element = make("div", { class: "pictured" }, this.button, this.box);
  }

  /** @param {boolean} open */
  toggle(open) {
    this.open = open;
    this.box.hidden = !open;
    this.steps.hidden = this.atMs == null;
    this.button.textContent = t(open ? "Hide the picture" : "Show the picture");
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    // Until it comes; a recording may have to be read first.
    if (!this.words.textContent) this.words.textContent = t("Reading…");
    this.again(++this.asked);
  }

  /**
   * The frame of a moment, and it stays.
   * @param {number} atMs
   */
  moment(atMs) {
    this.atMs = atMs;
    this.skip = 0;
    this.toggle(true);
  }

  /** @param {number} by  frames, from the one that is shown */
  step(by) {
    this.skip += by;
    this.again(++this.asked);
  }

  /** @param {number} asked  what was asked for later comes in its place */
  async again(asked) {
    if (!this.open || asked !== this.asked || !this.element.isConnected) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(this.atMs == null ? this.path : `${this.path}?at_ms=${Math.round(this.atMs)}&skip=${this.skip}`);
        if (asked === this.asked) await this.draw(answer);
      } catch (error) {
        this.canvas.hidden = true;
        this.words.textContent = error instanceof Error ? error.message : String(error);
      }
    }
    if (this.atMs == null) setTimeout(() => this.again(asked), AGAIN_MS);
  }

  /** @param {Response} answer */
  async draw(answer) {
    if (!answer.ok) throw new Error(say((await answer.json()).error));
    const bytes = await answer.arrayBuffer();
    const length = new DataView(bytes).getUint32(0);
    /** @type {Head} */
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    const jpeg = new Uint8Array(bytes, 4 + length);
    const said = words(head);
    this.words.textContent = head.unknown ? `${said}. ${say(head.unknown)}` : said;
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
    for (const one of head.found.filter(sure)) outline(pen, one, scale, "#ffb020", [], `${one.label} ${one.score?.toFixed(2)}`);
  }
}

/** @param {Box} one */
const sure = (one) => (one.score ?? 1) >= LEAST_SCORE;

/**
 * Which frame it is, how long it took at which stage, and what is drawn.
 * @param {Head} head
 */
function words(head) {
  const drawn = head.found.filter(sure).length, unsure = head.found.length - drawn;
  const stages = Object.entries(head.stages_ms).map(([name, took]) => `${name} ${took.toFixed(1)}`).join(", ");
  return `#${head.seq}, ${clock(head.t * 1e6)}, ${head.total_ms.toFixed(1)} ms (${stages}): ${drawn} ${t("found")}`
    + (unsure ? ` (${t("{n} more below {score}", { n: unsure, score: LEAST_SCORE })})` : "")
    + (head.truth == null ? "" : `, ${head.truth.length} ${t("truth")} (${t("dashed")})`);
}

/** @param {string} text  @param {() => void} pressed */
function button(text, pressed) {
  const made = make("button", { type: "button", class: "act" }, t(text));
  made.onclick = pressed;
  return made;
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
