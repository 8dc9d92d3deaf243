import { expect, it } from "vitest";
import { contentOf, takeFiles, textFrom } from "./attachments";

const bytes = (...values: number[]) => new Uint8Array(values);

it("takes text files and says why it does not take others", async () => {
  const { taken, refused } = await takeFiles(
    [
      new File(["print(1)\r\n"], "a.py", { type: "text/x-python" }),
      new File([bytes(0x7f, 0x45, 0x4c, 0x46, 0, 0)], "a.out"),
      new File([], "empty.txt"),
      new File(["x".repeat(400_001)], "long.txt"),
      new File([bytes(1, 2)], "photo.png", { type: "image/png" }),
    ],
    false,
    0,
  );
  expect(taken.map((each) => [each.kind, each.name, each.kind === "text" && each.text])).toEqual([["text", "a.py", "print(1)\n"]]);
  expect(refused).toEqual([
    { name: "a.out", why: "binary" },
    { name: "empty.txt", why: "empty" },
    { name: "long.txt", why: "textTooLarge" },
    { name: "photo.png", why: "noVision" },
  ]);
});

it("takes no more than a question can hold", async () => {
  const files = Array.from({ length: 3 }, (_, index) => new File(["x"], `${index}.txt`));
  const { taken, refused } = await takeFiles(files, true, 7);
  expect([taken.length, refused.map((each) => each.why)]).toEqual([1, ["tooMany", "tooMany"]]);
});

it("reads the usual encodings", () => {
  expect(textFrom(new TextEncoder().encode("größer"))).toBe("größer");
  expect(textFrom(bytes(0x67, 0x72, 0xf6, 0xdf))).toBe("größ");
  expect(textFrom(bytes(0xff, 0xfe, 0x61, 0, 0x62, 0))).toBe("ab");
  expect(textFrom(bytes(1, 2, 3, 4, 5))).toBeNull();
});

it("puts files before the text and pictures behind it", () => {
  const image = { id: "1", kind: "image" as const, name: "p.png", url: "data:image/png;base64,AA" };
  const file = { id: "2", kind: "text" as const, name: "a.txt", text: "hi" };
  expect(contentOf("what?", [file])).toBe("File: a.txt\n```txt\nhi\n```\n\nwhat?");
  expect(contentOf("", [image])).toEqual([{ type: "image_url", image_url: { url: image.url, detail: "auto" } }]);
  expect(contentOf("what?", [image])).toHaveLength(2);
});
