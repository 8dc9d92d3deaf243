import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { answerOf, api } from "@/lib/api";
import { live } from "@/lib/live/live";
import { noteChange, setRunning } from "../activity";
import { conversationsKey, foldersKey, hideInfos, knownRevision, readNewest, showInfo } from "../api/conversation_queries";

const GATHER_MS = 300;
const NEWEST = 20;

/** Keeps the lists and the signs true while conversations change here, in other tabs and on other devices. */
export function useConversationNews(): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let changed = new Map<string, number>();
    const readAll = () => {
      void client.invalidateQueries({ queryKey: conversationsKey });
      void client.invalidateQueries({ queryKey: foldersKey });
    };
    // What was just used is among the newest: reading these few replaces reading every loaded page again.
    const catchUp = async () => {
      timer = undefined;
      const wanted = new Set([...changed].filter(([id, revision]) => knownRevision(client, id) < revision).map(([id]) => id));
      changed = new Map();
      if (wanted.size === 0) return;
      try {
        const newest = await readNewest(NEWEST);
        newest.forEach((info) => wanted.delete(info.id) && showInfo(client, info));
      } catch {
        // Read again as a whole, which tells its failure where the list is.
      }
      if (wanted.size > 0) readAll();
    };
    let missed: Parameters<typeof noteChange>[0][] = [];
    const unwatch = live.watch((change) => {
      noteChange(change);
      missed.push(change);
      const kind: string = change.kind;
      if (kind === "all_deleted") return readAll();
      if (kind === "deleted") {
        hideInfos(client, new Set([change.conversation_id]));
        void client.invalidateQueries({ queryKey: foldersKey });
        return;
      }
      if (kind === "generation_started" || kind === "generation_ended") return;
      if (kind === "updated" || kind === "created") void client.invalidateQueries({ queryKey: foldersKey });
      changed.set(change.conversation_id, change.revision);
      timer ??= setTimeout(() => void catchUp(), GATHER_MS);
    });
    const readRunning = () => {
      missed = [];
      answerOf(api.GET("/covey/v1/generations")).then(
        (list) => {
          setRunning(list.items.filter((each) => each.state === "running"));
          // The list may be from before what was heard while it came.
          missed.forEach(noteChange);
        },
        // The signs are an extra; the next reconnection reads them again.
        () => undefined,
      );
    };
    readRunning();
    const stop = live.onReconnected(() => {
      readAll();
      readRunning();
    });
    return () => {
      clearTimeout(timer);
      unwatch();
      stop();
    };
  }, [client]);
}
