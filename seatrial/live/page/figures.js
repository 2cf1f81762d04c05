// Figures as a person reads them; what is not known is a dash, never a 0.

const UNKNOWN = "–";
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

export function number(value) {
  return known(value) ? Math.round(value).toLocaleString("en").replaceAll(",", "\u202f") : UNKNOWN;
}

export function plainRate(value) {
  if (!known(value)) return UNKNOWN;
  return value >= 100 ? value.toFixed(0) : value === 0 ? "0" : value.toFixed(1);
}

export function rate(value) {
  return known(value) ? `${plainRate(value)}/s` : UNKNOWN;
}

export function seconds(value) {
  if (!known(value)) return UNKNOWN;
  return value >= 1 ? `${value.toFixed(2)} s` : `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
}

export function share(value) {
  if (!known(value)) return UNKNOWN;
  return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
}

export function cores(value) {
  return known(value) ? value.toFixed(2) : UNKNOWN;
}

export function megabytes(value) {
  return known(value) ? `${Math.round(value / 1e6)} MB` : UNKNOWN;
}
