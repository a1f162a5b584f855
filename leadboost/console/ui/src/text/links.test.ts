import { describe, expect, it } from "vitest";

import { safeLink } from "./links";

describe("an address from outside", () => {
  it.each([
    "javascript:fire(1)", " javascript:fire(1)", "JaVaScRiPt:fire(1)", "java\nscript:fire(1)", "data:text/html,<script>fire(1)</script>",
    "vbscript:fire(1)", "file:///etc/passwd", "blob:https://a.example/1", "ftp://a.example", "//a.example", "a.example", "https://",
    "https://bank.example@evil.example/", "https://user:word@evil.example/", "", null,
  ])("is no link: %s", (address) => {
    expect(safeLink(address)).toBeNull();
  });

  it.each([
    ["https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d", "shop.example/a"],
    ["http://shop.example", "http://shop.example/", "shop.example"],
    ["https://shop.example:8443/", "https://shop.example:8443/", "shop.example:8443"],
    ["https://раураl.example/", "https://xn--l-7sba6dbr.example/", "xn--l-7sba6dbr.example"],
    ["https://shop.example/\"><script>", "https://shop.example/%22%3E%3Cscript%3E", "shop.example/%22%3E%3Cscript%3E"],
  ])("is one: %s", (address, href, shown) => {
    expect(safeLink(address)).toEqual({ href, shown });
  });
});
