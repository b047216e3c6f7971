const STROKES = {
  up: 'M8 14V3M4 7l4-4 4 4',
  down: 'M8 2v11M4 9l4 4 4-4',
  right: 'M2 8h11M9 4l4 4-4 4',
  sun: 'M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M3 13l1.4-1.4M11.6 4.4 13 3M11 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
} as const;
const SHAPES = {
  open: 'M3 5.5h10L8 11Z',
  before: 'M11 3v10L4 8Z',
  after: 'M5 3v10l7-5Z',
  star: 'm8 1 2.1 4.7 5 .5-3.8 3.4 1.1 5L8 12l-4.4 2.6 1.1-5L.9 6.2l5-.5Z',
  moon: 'M10 1.6a6.6 6.6 0 1 0 5 8.9A5.6 5.6 0 0 1 10 1.6Z',
  half: 'M8 1a7 7 0 1 1 0 14A7 7 0 1 1 8 1Zm0 1.5a5.5 5.5 0 0 0 0 11Z',
} as const;

/** A sign that fonts may lack, as high as the text around it. It says nothing: what it stands for is said beside it. */
export function Icon({ sign }: { sign: keyof typeof STROKES | keyof typeof SHAPES }) {
  const line = sign in STROKES;
  return (
    <svg
      width="0.8em"
      height="0.8em"
      viewBox="0 0 16 16"
      aria-hidden="true"
      style={{ verticalAlign: '-0.05em' }}
      fill={line ? 'none' : 'currentColor'}
      fillRule="evenodd"
      stroke={line ? 'currentColor' : 'none'}
      strokeWidth="1.6"
      strokeLinecap="round"
    >
      <path d={line ? STROKES[sign as keyof typeof STROKES] : SHAPES[sign as keyof typeof SHAPES]} />
    </svg>
  );
}
