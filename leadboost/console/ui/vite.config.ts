import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const daemon = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Fonts stay files of their own: the page's policy allows no data: font.
    assetsInlineLimit: 0,
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
