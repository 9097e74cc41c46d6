//! LangFuse: what a project recorded, by sealed windows of time.
