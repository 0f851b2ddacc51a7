"use strict";
// Columns of numbers that a page carries as text, and scripts with more of them.
const Packed = (() => {
  const kinds = { Float32: Float32Array, Float64: Float64Array, Uint8: Uint8Array, Uint16: Uint16Array, Int32: Int32Array };

  function unpack(packed) {
    const text = atob(packed.data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return new kinds[packed.type](bytes.buffer);
  }

  function unpacked(columns) {
    return Object.fromEntries(Object.entries(columns).map(([name, value]) =>
      [name, value && value.type && value.data !== undefined ? unpack(value) : value]));
  }

  // A page opened from a folder can load more data by script tags only.
  function load(name) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${window.GLITCH_FOLDER}/${name}.js`;
      script.onload = () => { script.remove(); done(); };
      script.onerror = () => failed(new Error(`${script.src} is missing beside the page`));
      document.head.append(script);
    });
  }

  return { unpacked, load };
})();
