// Elements made of texts: whatever came over MQTT is set as text, never as markup.

import { say, t } from "/pages/words.js";

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const NUMBER = /^(–|[−+×±]?\s?\d[\d.,]*( (ms|°C|W|%|px))?)$/;

/** @param {Node | string | number} value */
const isNumber = (value) => typeof value === "number" || (typeof value === "string" && NUMBER.test(value));

/**
 * A table of texts; a column whose cells are numbers, perhaps with their unit, is aligned to the right.
 * @param {string[]} heads
 * @param {(Node | string | number)[][]} rows
 */
export function table(heads, rows) {
  const numeric = heads.map((_, at) => rows.length > 0 && rows.every((row) => isNumber(row[at])));
  const cell = (/** @type {string} */ tag, /** @type {Node | string | number} */ value, /** @type {number} */ at) =>
    make(tag, numeric[at] ? { class: "number" } : {}, typeof value === "number" ? value.toLocaleString() : value);
  const head = make("tr", {}, ...heads.map((name, at) => cell("th", name, at)));
  const body = rows.map((row) => make("tr", {}, ...row.map((value, at) => cell("td", value, at))));
  return make("div", { class: "scroll", tabindex: "0" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

/** @param {[string, string][]} pairs */
export function facts(pairs) {
  return make("dl", {}, ...pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** @param {number | null | undefined} ns */
export function ms(ns) {
  return ns == null ? "–" : `${(ns / 1e6).toFixed(1)} ms`;
}

/**
 * In the zone of whoever looks.
 * @param {number | null | undefined} utcNs
 */
export function when(utcNs) {
  return utcNs ? new Date(utcNs / 1e6).toLocaleString(undefined, { timeZoneName: "short" }) : "–";
}

/**
 * The time of day, in the zone of whoever looks.
 * @param {number} utcNs
 */
export function clock(utcNs) {
  return new Date(utcNs / 1e6).toLocaleTimeString();
}

/** @param {number | null} utcNs  @param {number} aheadMs  of this clock against the hub's */
export function ago(utcNs, aheadMs) {
  if (!utcNs) return "–";
  const seconds = Math.max(0, Math.floor((Date.now() - aheadMs - utcNs / 1e6) / 1000));
  if (seconds < 2) return t("now");
  if (seconds < 60) return t("{n} s ago", { n: seconds });
  if (seconds < 3600) return t("{n} min ago", { n: Math.floor(seconds / 60) });
  return seconds < 86400 ? t("{n} h ago", { n: Math.floor(seconds / 3600) }) : t("{n} d ago", { n: Math.floor(seconds / 86400) });
}

/** @param {string} path */
export async function ask(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.reload();
  const told = await answer.json();
  if (!answer.ok) throw new Error([told.error, told.hint].filter(Boolean).map((one) => say(one)).map((said) => said[0].toUpperCase() + said.slice(1)).join(". "));
  return told;
}
