import { describe, expect, it } from "vitest";

import { ApiError } from "../services/api";
import { en } from "./en";
import { es } from "./es";
import { faultsAt, gateText, phrase, problemBeside, problemText } from "./server";

const refused = (field: string, reason: string) =>
  new ApiError(422, "invalid_input", `${field}: ${reason}`, null, [{ field, reason }]);

describe("what the server says", () => {
  it.each([
    "not_found", "already_resumed", "still_at_floor", "cooling_off", "forbidden", "store_unavailable",
    "outcome_unknown", "timeout", "overloaded", "too_many_attempts", "too_many_sockets", "starting", "internal",
    "model_busy",
  ])("has Spanish words for %s", (code) => {
    const words = problemText(new ApiError(409, code, "In English."), es);

    expect(words).not.toContain("English");
    expect(problemText(new ApiError(409, code, "In English."), en)).toBe("In English.");
  });

  it("stands as a detail where there is no translation", () => {
    expect(problemText(new ApiError(418, "teapot", "I am a teapot."), es)).toBe("El servidor dice: «I am a teapot.»");
  });

  it.each([
    ["password", "must have 12 to 256 characters", "Contraseña: de 12 a 256 caracteres"],
    ["name", "must be printable characters", "Nombre: de 1 a 64 caracteres"],
    ["on_hand", "must be less than or equal to 1000000000", "En almacén: un número entero de 0"],
    ["floor", "must be a whole number", "Mínimo: un número entero de 0"],
    ["reason", "must have at least 1 character", "Motivo: de 1 a 500 caracteres"],
  ])("names the field %s and what to do", (field, reason, spanish) => {
    expect(problemText(refused(field, reason), es)).toContain(spanish);
    expect(problemText(refused(field, reason), en)).toContain(reason);
  });

  it("names an unknown field as it came", () => {
    expect(problemText(refused("lines[0].sku", "is odd"), es)).toBe("lines[0].sku: is odd.");
  });

  it.each([
    ["halted", "Detenido"],
    ["store: the database does not answer", "Base de datos: no responde"],
    ["clock: the wall clock jumped by -26.0 s", "Reloj: saltó -26.0 s"],
    ["rules: the rules could not be evaluated lately", "Reglas de seguridad: no se han podido evaluar las reglas últimamente"],
    ["halt_log: not proven yet", "Registro de paradas: aún sin comprobar"],
    ["meta_ads: not read back: code 190: token: dead", "Meta Ads: sin releer: code 190: token: dead"],
    ["tiktok_ads: something else", "tiktok_ads: something else"],
  ])("tells why the gate is closed: %s", (reason, words) => {
    expect(gateText(reason, es)).toBe(words);
  });

  it.each([
    ["1 new signal from rss", "1 señal nueva de rss"],
    ["12 new signals from news, rss", "12 señales nuevas de news, rss"],
    ["More than 4 s behind.", "Más de 4 s de retraso."],
    ["cup: 2 left, floor 2", "cup: quedan 2, mínimo 2"],
    ["Out for lunch", "Out for lunch"],
  ])("is translated by its form: %s", (said, words) => {
    expect(phrase(said, es)).toBe(words);
    expect(phrase(said, en)).toBe(said);
  });

  it("puts a fault to its field, also one inside of it", () => {
    const error = new ApiError(422, "invalid_input", "two faults", null, [
      { field: "items[1].terms[0]", reason: "must have at most 64 characters" },
      { field: "items[10].terms", reason: "is required" },
    ]);

    expect(faultsAt(error, "items[1].terms", en)).toEqual(["must have at most 64 characters."]);
    expect(faultsAt(error, "items[1].terms", es)).toEqual(["debe tener como máximo 64 caracteres."]);
    expect(faultsAt(error, "items[1].name", en)).toEqual([]);
    expect(problemBeside(error, ["items[1].terms"], en)).toBe("items[10].terms: is required.");
    expect(problemBeside(error, ["items"], en)).toBeNull();
  });

  it("stands beside the fields where it is about none of them", () => {
    expect(problemBeside(null, ["spend"], en)).toBeNull();
    expect(problemBeside(new ApiError(503, "overloaded", "Too much."), ["spend"], en)).toBe("Too much.");
  });
});
