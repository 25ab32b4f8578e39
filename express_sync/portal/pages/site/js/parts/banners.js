// Banners over every view: the portal is lost, or faults are active on the local cloud.

import { h, reconcile } from "../core/dom.js";
import { isReachable, onReachable } from "../core/api.js";
import { count, t } from "../core/i18n.js";
import { faultRules, onFaults } from "../core/local_cloud.js";
import { timeOfDay } from "../core/time.js";
import { notice } from "./feedback.js";

const banners = document.getElementById("banners");

/** Show the banners that are due. */
export function showBanners() {
  const due = [isReachable() ? null : { name: "lost" }, faultRules().length ? { name: "faults", rules: faultRules() } : null];
  reconcile(banners, due.filter(Boolean), ({ name }) => name, (each) => BANNERS[each.name](each));
}

const BANNERS = {
  lost: () => notice("bad", h("p", {}, t("banner.lost"))),
  faults: ({ rules }) => notice("warn", h("p", {}, count("banner.faults", rules.length), " ", ends(rules), " ", h("a", { href: "#/local/faults" }, t("banner.faults.show")))),
};

function ends(rules) {
  const times = rules.map(({ until }) => until);
  return times.every(Boolean) ? t("banner.faults.until", { time: timeOfDay(times.sort().at(-1)) }) : "";
}

onReachable(showBanners);
onFaults(showBanners);
