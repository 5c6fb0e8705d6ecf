/** Whether something listens and speaks HTTP there, whatever it says. */

export async function answersOn(port: number, path = '/health'): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.arrayBuffer();
  return true;
}
