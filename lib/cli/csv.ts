/** A cell of a CSV file, quoted where it must be (RFC 4180). */
export const quoteCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
