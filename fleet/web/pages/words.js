// What the page says, in the language of whoever reads it: English is the key, Korean stands beside it.

import { ALERTS } from "/pages/korean/alerts.js";
import { PAGE } from "/pages/korean/page.js";
import { ROLLOUTS } from "/pages/korean/rollouts.js";
import { SHADOW } from "/pages/korean/shadow.js";

/** @type {Record<string, string>} */
const KOREAN = { ...ROLLOUTS, ...PAGE, ...ALERTS, ...SHADOW };

/** What the hub and its reports say: read when somebody reads Korean. */
const CATALOGUES = ["/words/hub", "/words/report", "/words/comparison"];
const WHERE = "gilmok-language";

/** @returns {string} */
export function language() {
  return localStorage.getItem(WHERE) ?? (navigator.language.startsWith("ko") ? "ko" : "en");
}

/** @param {string} chosen */
export function speak(chosen) {
  localStorage.setItem(WHERE, chosen);
}

/** @param {string} text  @param {Record<string, string | number>} [values] */
export function t(text, values = {}) {
  const said = language() === "ko" ? KOREAN[text] ?? text : text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @type {{exact: Map<string, string>, patterns: [RegExp, string][]} | null} */
let catalogue = null;

/** Has the hub's sentences in the language of whoever reads. */
export async function learn() {
  if (language() !== "ko" || catalogue) return;
  const texts = await Promise.all(CATALOGUES.map((path) => fetch(path).then((answer) => (answer.ok ? answer.text() : ""), () => "")));
  const lines = texts.join("\n").split("\n").filter((line) => line && !line.startsWith("#"));
  /** @type {[RegExp, string, number][]} */
  const patterns = [];
  const exact = new Map();
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [text, said] = [lines[at], lines[at + 1].slice(2)];
    if (text.includes("{")) patterns.push([pattern(text), said, text.replace(/\{#?\}/g, "").length]);
    else exact.set(text, said);
  }
  // What says most of itself is tried first.
  patterns.sort((a, b) => b[2] - a[2]);
  catalogue = { exact, patterns: patterns.map(([form, said]) => [form, said]) };
}

/**
 * A sentence of the hub's, with whatever stands in it; what isn't known stays English.
 * @param {string} sentence
 * @returns {string}
 */
export function say(sentence) {
  if (language() !== "ko" || !catalogue) return sentence;
  return known(sentence) ?? parts(sentence, /(; |\. (?=[A-Z`]))/) ?? sentence;
}

/** @param {string} text  @returns {string | undefined} */
function known(text) {
  const found = catalogue?.exact.get(text) ?? catalogue?.exact.get(text[0]?.toLowerCase() + text.slice(1)) ?? KOREAN[text];
  if (found) return found;
  for (const [form, said] of catalogue?.patterns ?? []) {
    const groups = form.exec(text)?.slice(1);
    if (!groups) continue;
    let next = 0;
    return said.replace(/\{(\d?)\}/g, (_, at) => say(groups[at ? Number(at) - 1 : next++] ?? ""));
  }
  return undefined;
}

/** @param {string} text  @param {RegExp} between */
function parts(text, between) {
  const pieces = text.split(between);
  const said = pieces.map((piece, at) => (at % 2 ? piece : known(piece)));
  return pieces.length > 1 && said.some((piece, at) => at % 2 === 0 && piece) ? said.map((piece, at) => piece ?? pieces[at]).join("") : undefined;
}

/**
 * `{}` is anything, `{#}` a figure.
 * @param {string} text
 */
function pattern(text) {
  const form = text.split(/(\{#?\})/).map((part) => (part === "{}" ? "(.+?)" : part === "{#}" ? "([\\d.,−-]+)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${form.join("")}$`, "is");
}
