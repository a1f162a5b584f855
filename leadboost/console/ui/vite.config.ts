import { readFileSync } from "node:fs";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const daemon = "http://127.0.0.1:8000";

/** Fonts come in by CSS, where the bundler sees no package to name. */
const fontLicense: Plugin = {
  name: "font-license",
  generateBundle() {
    const source = readFileSync("node_modules/@fontsource-variable/inter/LICENSE", "utf8");
    this.emitFile({ type: "asset", fileName: "license-inter.txt", source });
  },
};

export default defineConfig({
  plugins: [react(), fontLicense],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Fonts stay files of their own: the page's policy allows no data: font.
    assetsInlineLimit: 0,
    // What the licences of the packages inside ask for; it goes into the wheel.
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` beside a running daemon
    proxy: {
      "/api": daemon,
      "/health": daemon,
      "/dashboard": { target: daemon, ws: true },
    },
  },
});
