import { Alert, Button, Code, CopyButton } from '@mantine/core';

/** A secret that is shown this once, with what to do with it. */
export function ShownOnce({
  title,
  what,
  text,
  onClose,
}: {
  title: string;
  /** What it is called on the buttons: link, token. */
  what: string;
  text: string;
  onClose: () => void;
}) {
  return (
    <Alert my="sm" title={title} withCloseButton closeButtonLabel={`Put the ${what} away`} onClose={onClose}>
      <Code block tabIndex={0} mb="xs">
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" onClick={copy}>
            {copied ? 'Copied' : `Copy the ${what}`}
          </Button>
        )}
      </CopyButton>
    </Alert>
  );
}
