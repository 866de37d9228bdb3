/**
 * Whether a value is of a kind that the platform knows by this name, in any realm. By its tag; where the platform's classes
 * have none, as on Workers before the compatibility date 2024-09-26, by its class.
 */
export function hasBrand(value: unknown, brand: string): boolean {
  if (Object.prototype.toString.call(value) === `[object ${brand}]`) return true
  const platform: unknown = Reflect.get(globalThis, brand)
  return typeof platform === "function" && value instanceof platform
}
