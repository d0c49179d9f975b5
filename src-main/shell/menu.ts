import type { MenuItemConstructorOptions } from 'electron';

/** The system's usual menu; the app's own commands are in its palette (Ctrl/Cmd+K). */
export function menuTemplate(isMac: boolean, name: string): MenuItemConstructorOptions[] {
  const own: MenuItemConstructorOptions[] = isMac ? [{ label: name, role: 'appMenu' }] : [];
  return [
    ...own,
    { role: 'fileMenu' },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ];
}
