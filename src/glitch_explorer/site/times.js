"use strict";
// GPS and UTC; the data have the leap seconds: [first GPS second, GPS − UTC from then on].
const Times = (() => {
  const EPOCH = 315964800000;
  const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?(?:\s?(?:Z|UTC))?$/;

  // GPS seconds to UTC, e.g. 2020-01-06T12:00:00.123, or to the second with digits = 0.
  function utc(gps, digits = 3) {
    const unit = 1000 / 10 ** digits;
    const ms = Math.round(gps * 1000 / unit) * unit;
    let offset = 0;
    let leap = false;
    for (const [from, step] of Data.leaps) {
      if (ms >= from * 1000) offset = step;
      else { leap = ms >= (from - 1) * 1000; break; }
    }
    // Within a leap second the clock shows :60, which Date does not know.
    const text = new Date(ms + EPOCH - 1000 * (offset + (leap ? 1 : 0))).toISOString();
    return (leap ? text.replace(/:59\./, ":60.") : text).slice(0, digits ? 20 + digits : 19);
  }

  // UTC in ISO to GPS seconds; NaN for anything else.
  function gps(text) {
    const match = DATE.exec(text.trim());
    if (!match) return NaN;
    const [, year, month, day, hour = 0, minute = 0, second = 0] = match;
    const naive = (Date.UTC(year, month - 1, day, hour, minute) - EPOCH) / 1000 + Number(second);
    // A leap second still has the difference of the second before it.
    const counted = Number(second) >= 60 ? naive - 1 : naive;
    const step = Data.leaps.filter(([from, after]) => counted + after >= from).pop();
    return naive + (step ? step[1] : 0);
  }

  // A typed time, GPS seconds or UTC; NaN for anything else.
  function parse(text) {
    const plain = text.trim();
    return /^\d{8,10}(\.\d*)?$/.test(plain) ? Number(plain) : gps(plain);
  }

  return { utc, gps, parse };
})();
