"use strict";
// What several pages do with text: show it legibly, quote it for a table, save it as a file.
const Words = (() => {
  // Signs that turn the reading direction of the text around them are shown as what they are not.
  const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

  const legible = (text) => text.replace(TURNING, "\ufffd");
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function save(name, text, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    // The file may be read after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  return { legible, quoted, save };
})();
