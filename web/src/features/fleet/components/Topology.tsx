import { Background, Controls, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import Box from "@mui/material/Box";
import { useColorScheme } from "@mui/material/styles";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { useFormats, useText } from "@/i18n/locale";
import type { InstanceInfo, NodeInfo } from "@/lib/api_types";
import { INSTANCE_STATES, ROLES } from "../instance_texts";
import { CARD, type Direction, neighbourOf, pictureOf } from "../topology_layout";

type InstanceNode = Node<{ info: InstanceInfo; onOpen: (instance: string) => void; onMove: (from: string, direction: Direction) => void }, "instance">;
type FrameNode = Node<{ name: string }, "frame">;
const MARKS = { success: "●", info: "◐", warning: "▲", default: "○", error: "✕" };

function InstanceCard({ data }: NodeProps<InstanceNode>) {
  const text = useText();
  const formats = useFormats();
  const { info } = data;
  const state = INSTANCE_STATES[info.state];
  const { running, slots, waiting } = info.load;
  return (
    <Box
      component="button"
      type="button"
      className="nopan"
      data-instance={info.instance}
      onClick={() => data.onOpen(info.instance)}
      onKeyDown={(event: KeyboardEvent) => {
        if (!isDirection(event.key)) return;
        event.preventDefault();
        data.onMove(info.instance, event.key);
      }}
      sx={{
        display: "block",
        width: CARD.width,
        height: CARD.height,
        p: 1.25,
        border: 1,
        borderColor: "divider",
        borderRadius: 1.5,
        bgcolor: "background.paper",
        color: "text.primary",
        font: "inherit",
        textAlign: "start",
        cursor: "pointer",
        overflow: "hidden",
        "&:hover": { borderColor: "primary.main" },
      }}
    >
      <Handle type="target" position={Position.Left} style={{ opacity: 0 }} />
      <Box sx={{ display: "flex", justifyContent: "space-between", fontWeight: 650 }}>
        {text(ROLES[info.service] ?? "roleOther")}
        <Box component="span" sx={{ color: state.colour === "default" ? "text.secondary" : `${state.colour}.main`, fontSize: "0.8125rem" }}>
          <span aria-hidden="true">{MARKS[state.colour]}</span> {text(state.label)}
        </Box>
      </Box>
      <Box sx={{ color: "text.secondary", fontSize: "0.8125rem", mt: 0.5 }}>
        {info.service === "processor"
          ? text("instanceLoad", { running: formats.number(running), slots: formats.number(slots), waiting: formats.number(waiting) })
          : text("instanceRuns", { count: running })}
      </Box>
      <Box sx={{ color: "text.secondary", fontSize: "0.8125rem", whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis" }}>
        <bdi>{info.models.map((model) => model.name).join(", ") || info.version}</bdi>
      </Box>
      <Handle type="source" position={Position.Right} style={{ opacity: 0 }} />
    </Box>
  );
}

function NodeFrame({ data }: NodeProps<FrameNode>) {
  return (
    <Box sx={{ height: "100%", border: 1, borderStyle: "dashed", borderColor: "divider", borderRadius: 2, px: 2.5, py: 1, fontWeight: 650 }}>
      <bdi>{data.name}</bdi>
    </Box>
  );
}

const TYPES = { instance: InstanceCard, frame: NodeFrame };

const DIRECTIONS: readonly string[] = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"] satisfies Direction[];

function isDirection(key: string): key is Direction {
  return DIRECTIONS.includes(key);
}

/** The path of a request through all workers, with what each does now. The list says the same. */
export default function Topology({ nodes, onOpen }: { nodes: NodeInfo[]; onOpen: (instance: string) => void }) {
  const text = useText();
  const { mode } = useColorScheme();
  const frame = useRef<HTMLDivElement>(null);
  const { cards, links } = useMemo(() => {
    const picture = pictureOf(nodes);
    const onMove = (from: string, direction: Direction) => {
      const next = neighbourOf(picture.instances, from, direction);
      if (next !== null) frame.current?.querySelector<HTMLElement>(`[data-instance="${CSS.escape(next)}"]`)?.focus();
    };
    const frames: FrameNode[] = picture.frames.map((frame) => ({
      id: `frame-${frame.node}`,
      type: "frame",
      position: { x: frame.x, y: frame.y },
      data: { name: frame.node },
      width: frame.width,
      height: frame.height,
      selectable: false,
      focusable: false,
    }));
    const instances: InstanceNode[] = picture.instances.map(({ info, x, y }) => ({
      id: info.instance,
      type: "instance",
      position: { x, y },
      data: { info, onOpen, onMove },
      // Known sizes: a picture that is renewed does not have to be measured again, which would make it flicker.
      width: CARD.width,
      height: CARD.height,
      // The button in it takes the focus.
      focusable: false,
    }));
    return {
      cards: [...frames, ...instances],
      links: picture.links.map(([from, to]) => ({ id: `${from}-${to}`, source: from, target: to, focusable: false })),
    };
  }, [nodes, onOpen]);
  return (
    <Box ref={frame} dir="ltr" sx={{ height: "min(70vh, 44rem)", border: 1, borderColor: "divider", borderRadius: 1.5, overflow: "hidden", "& .react-flow": { "--xy-background-color": "transparent", fontFamily: "inherit" } }}>
      <ReactFlow
        nodes={cards}
        edges={links}
        nodeTypes={TYPES}
        colorMode={mode === "dark" || mode === "light" ? mode : "system"}
        fitView
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        minZoom={0.2}
        maxZoom={1.5}
        aria-label={text("nodesPicture")}
        ariaLabelConfig={{
          "controls.zoomIn.ariaLabel": text("zoomIn"),
          "controls.zoomOut.ariaLabel": text("zoomOut"),
          "controls.fitView.ariaLabel": text("zoomFit"),
        }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </Box>
  );
}
