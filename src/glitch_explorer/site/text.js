"use strict";
// Text in several pages: made legible, quoted for a table, saved as a file.
const Texts = (() => {
  // Characters that change the reading direction are replaced.
  const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

  const legible = (text) => text.replace(BIDI, "\ufffd");
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
