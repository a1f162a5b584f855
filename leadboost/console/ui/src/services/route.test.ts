import { describe, expect, it } from "vitest";

import { hrefOf, routeOf } from "./route";

describe("the address", () => {
  it.each([
    ["", []], ["#", []], ["#/", []], ["#/signals", ["signals"]], ["#/signals/sources", ["signals", "sources"]], ["#/signals/%E0%A4%A", ["signals"]],
  ])("%s names a view and a place in it", (hash, parts) => {
    expect(routeOf(hash)).toEqual(parts);
  });

  it("brings any name back", () => {
    expect(routeOf(hrefOf("model", "a/b %?#"))).toEqual(["model", "a/b %?#"]);
  });
});
