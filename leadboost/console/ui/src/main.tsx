import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./styles/views.css";
import "./styles/hearing.css";
import "./styles/learning.css";
import "./styles/advertising.css";
import "./styles/ruling.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { WordsProvider } from "./text";
import { applyTheme } from "./theme";

/** The single-use link's token stands in the fragment; it leaves the address bar before anything else. */
function takeFirstToken(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("first");
  if (token !== null) window.history.replaceState(null, "", window.location.pathname);
  return token;
}

applyTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <WordsProvider>
      <App firstToken={takeFirstToken()} />
    </WordsProvider>
  </StrictMode>,
);
