import { mount } from 'svelte';
import { config } from 'zod';
import App from './App.svelte';
import { connect } from './bridge.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/charts.css';
import './styles/tables.css';

// zod would try to compile its checks, which the page's policy forbids and the console then reports
config({ jitless: true });

const target = document.getElementById('app');
if (!target) throw new Error('the page has no #app');
mount(App, { target, props: { bridge: connect() } });
