export type { Classifier, FittedClassifier } from './classifier';
export { fitDiscriminant, type DiscriminantOptions } from './discriminant';
export { linearLogProbabilities, type LinearModel } from './linear';
export { fitLogistic, logisticRegression, type LogisticOptions } from './logistic';
export { supportVectorMachine, type SvmOptions } from './svm';
