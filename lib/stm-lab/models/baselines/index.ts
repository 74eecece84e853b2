export type { Classifier, FittedClassifier } from './classifier';
export { logisticRegression, type LogisticOptions } from './logistic';
export { supportVectorMachine, type SvmOptions } from './svm';
