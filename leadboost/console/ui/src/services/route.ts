/** The address names the view and a place in it: `#/signals/sources`. */
import { useSyncExternalStore } from "react";

/** The parts of the address; what cannot be read is left out. */
export function routeOf(hash: string): string[] {
  return hash.replace(/^#\/?/, "").split("/").map(decoded).filter((part) => part !== "");
}

export function hrefOf(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function useRoute(): string[] {
  const hash = useSyncExternalStore(follow, () => window.location.hash);
  return routeOf(hash);
}

function follow(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
