// A candidate beside the active model, on the same frames: how alike they answer, which is righter, what it costs.

import { facts, make, table } from "/pages/dom.js";
import { say, t } from "/pages/words.js";

/**
 * Undefined is a dash, never 0.
 * @param {number | null | undefined} value  @param {number} digits
 */
const figure = (value, digits) => (value == null ? "–" : value.toFixed(digits));

/** @param {number | null | undefined} low  @param {number | null | undefined} high */
const ends = (low, high) => (low == null || high == null ? "95 %: –" : `95 %: ${figure(low, 3)} – ${figure(high, 3)}`);

/** @param {number | null | undefined} ns */
const ms = (ns) => (ns == null ? "–" : `${(ns / 1e6).toFixed(1)} ms`);

/**
 * The part of a stream's section that is about its shadow; nothing where there is none.
 * @param {any} one
 */
export function shadow(one) {
  if (!one.shadow) return [];
  const { pair, ratio, window } = one.shadow;
  const head = make("h2", {}, `${one.name}: ${t("Shadow beside the active model")}`);
  const trouble = pair.why ? [make("p", { class: "quiet" }, `${t(pair.phase)}: ${say(pair.why)}`)] : [];
  if (!pair.b.model) return [head, ...trouble];
  const { agreement, accuracy, counts, cost } = pair;
  const rows = /** @type {[string, string][]} */ ([
    [t("candidate"), `${pair.b.model}, ${pair.b.precision}, ${pair.b.backend}:${pair.b.device} (${pair.b.device_kind || "–"})`],
    [t("F1 of agreement"), `${figure(agreement.paired.f1, 3)} (${ends(agreement.f1_low, agreement.f1_high)}), n = ${agreement.frames} ${t("frames")}`],
    [t("mean IoU of pairs"), `${figure(agreement.paired.mean_iou, 3)}, ${agreement.paired.pairs} ${t("pairs")}`],
    [t("AP, the active model as teacher"), `${figure(agreement.taught.ap, 3)}, AP50 ${figure(agreement.taught.ap50, 3)}`],
    [t("AP of both"), accuracy.unknown ? say(accuracy.unknown) : `${figure(accuracy.a, 3)} → ${figure(accuracy.b, 3)}, ${t("difference")} ${figure(accuracy.difference, 3)} (${ends(accuracy.low, accuracy.high)}), n = ${accuracy.frames}`],
  ]);
  if (cost) {
    rows.push([t("p99 of the active model with it, without"), `${ms(cost.p99_with_ns)} (n = ${cost.n_with}), ${ms(cost.p99_without_ns)} (n = ${cost.n_without}): ${figure(ratio, 2)} × (${t("limit")} ${figure(cost.max_p99_ratio, 2)} ×)`]);
    rows.push([t("share of the time"), `${figure(100 * cost.share, 1)} % (${t("at most")} ${figure(100 * cost.max_share, 0)} %)`]);
  }
  if (counts) {
    const skipped = Object.entries(counts.skipped).map(([why, n]) => `${n} ${t(why)}`).join(", ");
    rows.push([t("its frames"), `${counts.ok} ${t("OK")}, ${counts.failed} ${t("failed")}; ${t("skipped")}: ${skipped || "0"}`]);
  }
  const classes = Object.entries(agreement.per_class).filter(([, of]) => of.paired.n_a + of.paired.n_b);
  return [
    head, ...trouble,
    make("p", { class: "quiet" }, t("Agreement on the newest {n} frames that both answered; it is no accuracy: both may err alike.", { n: window })),
    facts(rows),
    ...(classes.length ? [table([t("Class"), "F1", "IoU", t("pairs"), "A", "B"].map(String),
      classes.map(([name, of]) => [name, figure(of.paired.f1, 3), figure(of.paired.mean_iou, 3), of.paired.pairs, of.paired.n_a, of.paired.n_b]))] : []),
  ];
}
