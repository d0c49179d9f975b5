/** RFC 4180: CRLF after every record, the header's too; quotes where a value needs them, doubled within. */
export function csv(records: readonly (readonly (string | number | null)[])[]): string {
  const field = (value: string | number | null) => {
    const written = value === null ? '' : String(value);
    return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  };
  return records.map((record) => `${record.map(field).join(',')}\r\n`).join('');
}
