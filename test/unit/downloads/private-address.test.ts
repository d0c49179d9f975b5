import { describe, expect, it } from 'vitest';
import {
  isPrivateAddress,
  isPrivateHost,
  leadsToPrivateHost,
} from '../../../src-main/downloads/private-address.ts';

describe('an address of this machine or its network', () => {
  it.each([
    '127.0.0.1',
    '127.255.0.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '[::1]',
    '::',
    'fe80::1%eth0',
    'fd12:3456::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '::ffff:0:127.0.0.1',
    '2001:0:4136:e378:8000:63bf:80ff:fffe',
    '5f00::1',
  ])('%s is one', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
    'a.example',
  ])('%s is none', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  it.each([
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    'printer.local',
    'x.internal',
    'box.home.arpa',
    '[::1]',
  ])('the host %s leads to one', async (host) => {
    expect(isPrivateHost(host)).toBe(true);
    expect(await leadsToPrivateHost(host)).toBe(true);
  });

  it('a name that nobody knows leads to none', async () => {
    expect(await leadsToPrivateHost('no-such-name.invalid')).toBe(false);
  });
});
