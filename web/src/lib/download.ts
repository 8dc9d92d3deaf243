/** Hands a text to the browser as a file to keep. */
export function downloadText(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the content over once the click is done, but some need a moment for it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
