import { describe, expect, it } from 'vitest';
import { hubAddressProblem, hubAddressSchema, mayHaveToken } from '../../../src-main/contract/hub-setting.ts';

describe('the address of a hub', () => {
  it.each([
    'https://huggingface.co',
    'https://hub.example.org:8443/hf',
    'http://127.0.0.1:3000',
    'http://localhost:8080',
    'http://[::1]:8080',
    'http://192.168.1.2',
    'http://10.0.0.7:5000/hub',
    'http://172.31.0.1',
    'http://[fd12:3456::1]',
  ])('%s may be one', (address) => {
    expect(hubAddressProblem(address)).toBeNull();
  });

  it.each([
    'http://huggingface.co',
    'http://hub.local',
    'http://172.32.0.1',
    'http://8.8.8.8',
    'http://10.0.0.1.example.org',
    // a number that is not written as one is read as one by who connects
    'http://0x08080808/',
    'ftp://hub.example.org',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://name:secret@hub.example.org',
    'https://hub.example.org/?a=b',
    'https://hub.example.org/#a',
    'huggingface.co',
    '',
  ])('%s may not', (address) => {
    expect(hubAddressProblem(address)).toMatch(/^Give an address|^Give the address/);
    expect(hubAddressSchema.safeParse(address).success).toBe(false);
  });

  it('has no slash at its end, and no space around it', () => {
    expect(hubAddressSchema.parse(' https://hub.example.org/hf// ')).toBe('https://hub.example.org/hf');
  });

  it.each([
    ['https://huggingface.co', true],
    ['http://127.0.0.1:3000', true],
    ['http://192.168.1.2', false],
  ])('%s is sent a token: %s', (address, expected) => {
    expect(mayHaveToken(address)).toBe(expected);
  });
});
