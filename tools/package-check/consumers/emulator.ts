import { startEmulator } from "@countersign/emulator"

export async function works(): Promise<boolean> {
  const emulator = await startEmulator()
  const response = await fetch(`${emulator.url}/v1/things`)
  await emulator.close()
  return response.status === 401
}
