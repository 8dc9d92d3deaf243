import { type ClipboardEvent, useEffect, useState } from "react";
import { toast } from "@/components/toast";
import { type MessageKey, useText } from "@/i18n/locale";
import { MOST_FILES, type Refusal, takeFiles } from "../attachments";
import { changeDraft, draftOf } from "../drafts";
import { useStable } from "./use_stable";

const REASONS: Record<Refusal, MessageKey> = {
  noVision: "refusedNoVision",
  imageUnreadable: "refusedImageUnreadable",
  imageTooLarge: "refusedImageTooLarge",
  binary: "refusedBinary",
  textTooLarge: "refusedTextTooLarge",
  tooMany: "refusedTooMany",
  empty: "refusedEmpty",
};

/** Files by picker, paste and drag for the draft of a chat. */
export function useAttaching(draftKey: string, vision: boolean) {
  const text = useText();
  const [dragging, setDragging] = useState(false);
  const add = async (files: File[]) => {
    const { taken, refused } = await takeFiles(files, vision, draftOf(draftKey).attachments.length);
    if (taken.length > 0) changeDraft(draftKey, { attachments: [...draftOf(draftKey).attachments, ...taken] });
    for (const { name, why } of refused) toast({ severity: "warning", text: text(REASONS[why], { name, most: MOST_FILES }) });
  };
  const drop = useStable((files: FileList) => void add(Array.from(files)));
  useEffect(() => {
    // Anywhere on the page: a browser opens whatever is dropped beside a field in place of the chat.
    const held = (event: DragEvent) => (event.dataTransfer?.types.includes("Files") ? event.dataTransfer : null);
    const onDragOver = (event: DragEvent) => {
      if (held(event) === null) return;
      event.preventDefault();
      setDragging(true);
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setDragging(false);
    };
    const onDrop = (event: DragEvent) => {
      const files = held(event)?.files;
      if (files === undefined) return;
      event.preventDefault();
      setDragging(false);
      drop(files);
    };
    window.addEventListener("dragover", onDragOver);
    window.addEventListener("dragleave", onDragLeave);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onDragOver);
      window.removeEventListener("dragleave", onDragLeave);
      window.removeEventListener("drop", onDrop);
    };
  }, [drop]);
  return {
    dragging,
    add,
    remove: (id: string) =>
      changeDraft(draftKey, { attachments: draftOf(draftKey).attachments.filter((each) => each.id !== id) }),
    onPaste: (event: ClipboardEvent) => {
      const files = Array.from(event.clipboardData.files);
      // Programs that copy tables offer a picture of them as well; the text is what is meant.
      if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
      event.preventDefault();
      void add(files);
    },
  };
}
