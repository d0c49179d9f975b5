// before everything that declares a check
import './no-compiling.ts';
import { mount } from 'svelte';
import App from './App.svelte';
import { connect } from './bridge/connect.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/charts.css';
import './styles/tables.css';

const target = document.getElementById('app');
if (!target) throw new Error('the page has no #app');
mount(App, { target, props: { bridge: connect() } });
