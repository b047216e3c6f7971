/** Colours that colour-blind readers tell apart (Okabe & Ito), darker on light ground; each series has a dash and a symbol too. */
export const LIGHT = ['#0072b2', '#b84a00', '#00704d', '#8f3f71', '#5c5c00', '#444444'];
export const DARK = ['#56b4e9', '#ff9e4a', '#2fd3a0', '#e6a5cf', '#f0e442', '#cccccc'];
export const DASHES = ['solid', 'dashed', 'dotted'] as const;
export const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow'] as const;
