"""API v3: JSON:API-like resources, in the form the SDKs of its preview read and in the generally available one."""
