import Box from "@mui/material/Box";
import { useText } from "@/i18n/locale";
import { usePicture } from "../api/chat_queries";

interface MessageImagesProps {
  /** As `imagesOf` finds them. */
  images: readonly string[];
  conversationId?: string | undefined;
}

/** The pictures of a question. */
export function MessageImages({ images, conversationId }: MessageImagesProps) {
  if (images.length === 0) return null;
  return (
    <Box sx={{ display: "flex", gap: 1, flexWrap: "wrap", justifyContent: "end" }}>
      {images.map((url, index) => (
        <Picture key={index} url={url} number={index + 1} conversationId={conversationId} />
      ))}
    </Box>
  );
}

function Picture({ url, number, conversationId }: { url: string; number: number; conversationId?: string | undefined }) {
  const text = useText();
  const picture = usePicture(conversationId, url);
  const frame = { border: 1, borderColor: "divider", borderRadius: "10px", minWidth: 120, minHeight: 90 } as const;
  if (picture.data === undefined) {
    return (
      <Box sx={{ ...frame, display: "grid", placeItems: "center", p: 1, fontSize: "0.8125rem", color: "text.secondary" }}>
        {picture.isError && text("imageMissing")}
      </Box>
    );
  }
  return (
    <Box
      component="img"
      src={picture.data}
      alt={text("imageInMessage", { number })}
      sx={{ ...frame, maxHeight: 240, maxWidth: "100%", objectFit: "contain" }}
    />
  );
}
