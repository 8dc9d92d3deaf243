const LONGEST_SIDE = 1536;
/** Models see no more in a larger one, and all pictures of a chat share one limit. */
const MOST_CHARACTERS = 1_200_000;
const KEPT_AS_IT_IS = /^image\/(png|jpeg|webp|gif)$/;
const ATTEMPTS: [scale: number, quality: number][] = [
  [1, 0.86],
  [1, 0.7],
  [0.7, 0.7],
  [0.5, 0.65],
  [0.35, 0.6],
];

/** A picture as a `data:` address, made smaller where it has to be; null when it cannot be read. */
export async function shrunkImage(file: Blob): Promise<string | null> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  const longest = Math.max(bitmap.width, bitmap.height);
  try {
    if (longest <= LONGEST_SIDE && KEPT_AS_IT_IS.test(file.type) && file.size * 1.4 < MOST_CHARACTERS) return await asAddress(file);
    const fit = Math.min(1, LONGEST_SIDE / longest);
    for (const [scale, quality] of ATTEMPTS) {
      const url = drawn(bitmap, fit * scale, quality);
      if (url !== null && url.length <= MOST_CHARACTERS) return url;
    }
    return null;
  } finally {
    bitmap.close();
  }
}

function drawn(bitmap: ImageBitmap, scale: number, quality: number): string | null {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) return null;
  // What was transparent would become black.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", quality);
}

async function asAddress(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("the file could not be read"));
    reader.readAsDataURL(file);
  });
}
